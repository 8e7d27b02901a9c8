// The board: many files at once, dragging, and a page that follows by itself. Without this, the plain
// form and the number fields do the same.
import { Uploads } from "./upload.js";

const MOST = 200;
const [SOON, SELDOM, SLOWER] = [400, 3000, 1.3]; // milliseconds between two looks at what was found
const ASKED = 40; // files one look asks for
const announcement = document.getElementById("announcement");
const say = (words) => { if (announcement) announcement.textContent = words; };

// --- files ------------------------------------------------------------------------------------
const form = document.querySelector("[data-drop]");
if (form) receiveFiles();

function receiveFiles() {
  const input = form.querySelector("input[type=file]");
  const zone = form.querySelector("[data-dropzone]");
  const panel = document.querySelector("[data-uploads]");
  const list = panel.querySelector("ul");
  const title = panel.querySelector("h2");
  const clear = panel.querySelector("[data-clear]");
  const lines = new Map();
  const watched = new Map();
  let [wait, looking] = [SOON, false];
  const uploads = new Uploads({
    begin: form.dataset.begin,
    token: () => form.elements.csrfmiddlewaretoken.value,
    changed: show,
  });
  form.querySelector("[data-plain]").hidden = true;

  const chosen = () => { take(input.files); input.value = ""; };
  input.addEventListener("change", chosen);
  if (input.files.length) chosen(); // somebody was quicker than this script
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    take(event.dataTransfer.files);
  });
  // A file that misses the zone must not replace the page.
  window.addEventListener("dragover", (event) => event.preventDefault());
  window.addEventListener("drop", (event) => event.preventDefault());
  window.addEventListener("beforeunload", (event) => { if (uploads.underWay) event.preventDefault(); });
  const offline = panel.querySelector("[data-offline]");
  const connection = () => { offline.hidden = navigator.onLine; };
  window.addEventListener("online", connection);
  window.addEventListener("offline", connection);
  clear.addEventListener("click", () => {
    lines.forEach((line, upload) => { if (line.dataset.over) { line.remove(); lines.delete(upload); } });
    panel.hidden = !lines.size;
    clear.hidden = true;
  });

  function take(files) {
    const taken = Array.from(files).slice(0, MOST);
    if (!taken.length) return;
    panel.hidden = false;
    title.textContent = "Files on their way";
    taken.forEach((file) => uploads.add(file));
    const left = files.length - taken.length;
    say(`${taken.length} file${taken.length === 1 ? "" : "s"} on their way.${left ? ` Only ${MOST} at once: drop the other ${left} afterwards.` : ""}`);
  }

  function line(upload) {
    const item = document.createElement("li");
    const name = document.createElement("span");
    name.className = "name";
    name.textContent = upload.file.name;
    const progress = document.createElement("progress");
    progress.className = "progress";
    progress.max = upload.file.size || 1;
    progress.setAttribute("aria-label", `Progress of ${upload.file.name}`);
    const state = document.createElement("span");
    state.className = "state small";
    const retry = document.createElement("button");
    retry.type = "button";
    retry.className = "button quiet compact";
    retry.textContent = "Try again";
    retry.setAttribute("aria-label", `Try again: ${upload.file.name}`);
    retry.addEventListener("click", () => uploads.again(upload));
    item.append(name, progress, state, retry);
    list.append(item);
    lines.set(upload, item);
    return item;
  }

  function show(upload) {
    const item = lines.get(upload) ?? line(upload);
    const [progress, state, retry] = ["progress", ".state", "button"].map((what) => item.querySelector(what));
    const over = ["taken", "known", "refused"].includes(upload.state);
    progress.value = over ? progress.max : upload.offset;
    progress.hidden = over || upload.state === "failed";
    retry.hidden = upload.state !== "failed";
    state.textContent = words(upload);
    item.className = tone(upload);
    if (!over) return;
    item.dataset.over = "1";
    clear.hidden = false;
    refresh();
    if (upload.told?.still && !upload.told.still.settled) watch(upload);
    if (uploads.waiting.length || uploads.going.size > 1) return;
    title.textContent = "What became of your files";
    say(summary());
  }

  function summary() {
    const count = (...states) => Array.from(lines.keys()).filter((one) => states.includes(one.state)).length;
    const refused = count("refused", "failed");
    return `${count("taken")} file${count("taken") === 1 ? "" : "s"} received, ${count("known")} were here already${refused ? `, ${refused} were not taken` : ""}.`;
  }

  // What was found in the files: one look asks for all that wait, soon at first, seldomer while nothing comes.
  function watch(upload) {
    watched.set(upload.url.split("/").at(-2), upload);
    wait = SOON;
    if (!looking) look();
  }

  async function look() {
    looking = true;
    while (watched.size) {
      await new Promise((done) => { setTimeout(done, wait); });
      watched.forEach((upload, uid) => { if (!lines.has(upload)) watched.delete(uid); });
      const asked = Array.from(watched.keys()).slice(0, ASKED);
      const found = asked.length ? await uploads.found(asked) : {};
      wait = Math.min(SELDOM, wait * SLOWER);
      asked.forEach((uid) => note(uid, found?.[uid], found));
    }
    looking = false;
  }

  // `found` is null where the look failed: then it is tried again. What it does not name is not there any more.
  function note(uid, told, found) {
    if (!found || (told?.still && !told.still.settled)) return;
    const upload = watched.get(uid);
    watched.delete(uid);
    if (!told?.still) return;
    upload.told = told;
    wait = SOON;
    show(upload);
    refresh();
  }
}

function words({ state, told, message, offset, file }) {
  if (state === "waiting") return "Waiting its turn";
  if (state === "paused") return "Paused: waiting for the connection";
  if (state === "sending") return `${Math.floor((100 * offset) / (file.size || 1))} %`;
  if (state === "refused") return `Not taken. ${message}`;
  if (state === "failed") return message;
  const still = told?.still;
  const known = state === "known" ? "Here already. " : "";
  if (!still) return `${known}Received.`;
  if (!still.settled) return `${known}Received. Looking for the face …`;
  return `${known}${still.summary || still.label} ${still.action}`.trim();
}

function tone({ state, told }) {
  if (state === "refused" || state === "failed") return "bad";
  if (state === "paused") return "warn";
  return told?.still?.settled ? told.still.tone : "neutral";
}

function refresh() { window.htmx?.trigger("#board", "refresh"); }

// A picture that was asked for while the connection was lost is asked for again.
const broken = new Set();
document.addEventListener("error", (event) => {
  if (event.target.matches?.("img.face")) broken.add(event.target);
}, true);
window.addEventListener("online", () => {
  broken.forEach((image) => { image.src = image.getAttribute("src"); });
  broken.clear();
});

// --- dragging ---------------------------------------------------------------------------------
let drag = null;
const EDGE = 80; // pixels from the window's edge where the page begins to move

document.addEventListener("pointerdown", (event) => {
  const grip = event.target.closest?.("[data-grip]");
  if (!grip || !event.isPrimary || event.button !== 0) return;
  const card = grip.closest("[data-card]");
  drag = { card, form: grip.closest("form"), over: null };
  grip.setPointerCapture(event.pointerId);
  card.classList.add("dragged");
  event.preventDefault();
});
document.addEventListener("pointermove", (event) => {
  if (!drag) return;
  if (event.clientY < EDGE) window.scrollBy(0, -12);
  if (event.clientY > window.innerHeight - EDGE) window.scrollBy(0, 12);
  const under = document.elementFromPoint(event.clientX, event.clientY);
  const target = under?.closest("[data-rank]:not([data-sent]), [data-tray]") ?? null;
  if (target === drag.over) return;
  drag.over?.classList.remove("over");
  target?.classList.add("over");
  drag.over = target;
});
document.addEventListener("pointerup", () => {
  const done = stopped();
  if (!done?.over || done.over.contains(done.card)) return;
  done.form.elements.to.value = done.over.dataset.rank ?? "";
  done.form.requestSubmit(done.form.querySelector("button:not([name])"));
});
document.addEventListener("pointercancel", stopped);

function stopped() {
  const done = drag;
  done?.card.classList.remove("dragged");
  done?.over?.classList.remove("over");
  drag = null;
  return done;
}

// --- the page that follows by itself ----------------------------------------------------------
// Forms inherit the board's headers, but what somebody does is no poll.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") delete event.detail.headers["X-Poll"];
});
// What somebody is doing is not taken from under their hands: a poll waits while a card is dragged, a
// number is typed or drafts are ticked.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { requestConfig, target } = event.detail;
  if (target.id !== "board" || requestConfig.headers["X-Poll"] !== "1") return;
  const typing = document.activeElement?.matches("#board input[type=number]")
    && document.activeElement.value !== document.activeElement.defaultValue;
  if (drag || typing || document.querySelector("#board input[name=offender][type=checkbox]:checked")) {
    event.detail.shouldSwap = false;
  }
});
// The button that was pressed may be gone with its card: its card's number field takes the focus; of an
// answered suggestion the next one; or else the heading of the places. Without scrolling: the banner says
// what was done from wherever one is.
let [field, answered] = [null, false];
document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, requestConfig } = event.detail;
  if (requestConfig.verb === "get") return;
  field = elt.querySelector("input[name=to]")?.id;
  answered = elt.closest(".groupings") !== null;
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.requestConfig?.verb !== "post" || document.activeElement !== document.body) return;
  const suggestion = answered ? document.querySelector(".groupings button") : null;
  const next = document.getElementById(field) ?? suggestion ?? document.getElementById("places-title");
  next?.focus({ preventScroll: true });
});
document.addEventListener("click", (event) => {
  if (event.target.closest?.("#board [aria-disabled=true]")) event.preventDefault();
});
