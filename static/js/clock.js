// Beside a time as the CCTV clock showed it: when it really was.
const offset = document.getElementById("id_clock_offset_minutes");
const times = ["id_started_at", "id_ended_at"].map((id) => document.getElementById(id)).filter(Boolean);
const [store, camera] = ["id_store", "id_camera"].map((id) => document.getElementById(id));
let typed = false;
const MINUTE_MS = 60_000;

function clock(moment) {
  return moment.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
}

function note(input) {
  const holder = input.closest(".report-field");
  let line = holder.querySelector(".really");
  if (!line) {
    line = document.createElement("p");
    line.className = "really";
    line.setAttribute("role", "status");
    holder.append(line);
  }
  return line;
}

// The hands of a clock: reckoned as UTC, so that no summer time comes between.
function show(input) {
  const fast = Number(offset.value);
  const shown = new Date(`${input.value}Z`);
  const line = note(input);
  line.hidden = !fast || Number.isNaN(shown.getTime());
  if (line.hidden) { line.textContent = ""; return; }
  const really = new Date(shown.getTime() - fast * MINUTE_MS);
  const minutes = `${Math.abs(fast)} minute${Math.abs(fast) === 1 ? "" : "s"}`;
  const day = really.getUTCDate() === shown.getUTCDate() ? "" : ` on ${really.getUTCDate()}/${really.getUTCMonth() + 1}`;
  line.textContent = `CCTV shows ${clock(shown)}, is ${minutes} ${fast > 0 ? "fast" : "slow"}: really ${clock(really)}${day}.`;
}

// What this store's or this camera's clock usually is, until somebody types something else.
function suggest() {
  const clocks = JSON.parse(offset.dataset.clocks)[store.value];
  const usual = clocks?.[camera?.value.trim().toLowerCase()] ?? clocks?.[""];
  if (typed || usual === undefined || Number(offset.value) === usual) return;
  offset.value = usual;
  offset.dispatchEvent(new CustomEvent("input", { bubbles: true, detail: "suggested" }));
}

if (offset?.dataset.clocks && store) {
  offset.addEventListener("input", (event) => { typed ||= event.detail !== "suggested"; });
  [store, camera].forEach((field) => field?.addEventListener("change", suggest));
}

if (offset && times.length) {
  [offset, ...times].forEach((input) => input.addEventListener("input", () => times.forEach(show)));
  times.forEach(show);
}
