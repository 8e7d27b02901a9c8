// Saves a draft as it is typed. What the service does not have yet is kept in this browser, under this
// person's and this report's keys, and put back after a lost connection, a crashed tab or a new log-in.
// Without this module the "Save and continue" button does the work.
import { ask } from "./guesses.js";

const PAUSE_MS = 800;
const RETRY_MS = 5000;
const KEEP_MS = 72 * 3600 * 1000;
const PREFIX = "stillmatch:unsaved:";
const place = document.querySelector("[data-report]");
const key = `${PREFIX}${place.dataset.who}:${place.dataset.report}`;

// --- what this browser keeps --------------------------------------------------------------------
function read(name) {
  try { return JSON.parse(localStorage.getItem(name)) ?? {}; } catch { return {}; }
}
function write(fields) {
  try {
    if (Object.keys(fields).length) localStorage.setItem(key, JSON.stringify(fields));
    else localStorage.removeItem(key);
  } catch { /* a full or forbidden store: typing goes on, the service still saves */ }
}
function forget(names) {
  const fields = read(key);
  names.forEach((name) => { delete fields[name]; });
  write(fields);
}
function forgetOld() {
  for (const name of Object.keys(localStorage).filter((one) => one.startsWith(PREFIX))) {
    const newest = Math.max(0, ...Object.values(read(name)).map((field) => field.at));
    if (Date.now() - newest > KEEP_MS) localStorage.removeItem(name);
  }
}
// A form that was sent and led to another page was saved whole.
function forgetSent() {
  const sent = JSON.parse(sessionStorage.getItem(`${key}:sent`) ?? "null");
  sessionStorage.removeItem(`${key}:sent`);
  if (sent && sent.path !== window.location.pathname) forget(sent.names);
}

// --- the form -----------------------------------------------------------------------------------
const valueOf = (field) => (field.type === "checkbox" ? (field.checked ? "on" : "") : field.value);
function fill(field, value) {
  if (field.type === "checkbox") field.checked = value === "on"; else field.value = value;
}
function labelOf(field) {
  const label = field.labels?.[0]?.cloneNode(true);
  label?.querySelectorAll(".optional, input").forEach((part) => part.remove());
  return label?.textContent.trim() ?? field.name;
}
function noted(field, className) {
  const holder = field.closest(".report-field") ?? field.closest(".field");
  let note = holder.querySelector(`.${className}`);
  if (!note) {
    note = document.createElement("p");
    note.className = className;
    note.id = `${field.id}_${className}`;
    note.setAttribute("role", "status");
    holder.append(note);
  }
  return note;
}

function start(form) {
  // Loading a page with problems again must not send the old form once more, over what was saved since.
  window.history.replaceState(window.history.state, "");
  const status = form.querySelector("[data-saved]");
  const banner = form.querySelector("[data-restored]");
  const fields = new Map([...form.elements].filter((one) => one.id && one.name && one.id === `id_${one.name}`
    && one.name !== "no_names").map((one) => [one.name, one]));
  const base = new Map([...fields].map(([name, field]) => [name, valueOf(field)]));
  const unsaved = new Set((form.dataset.suggested ?? "").split(" ").filter((name) => fields.has(name)));
  let timer = 0;
  let busy = false;
  let sent = false;
  let touched = false; // what the page suggests is saved with the first change, not by looking at it

  function say(text, link) {
    status.replaceChildren(text);
    if (!link) return;
    const anchor = document.createElement("a");
    anchor.href = link;
    anchor.textContent = "Log in again";
    status.append(" ", anchor);
  }
  function keep(name) {
    touched = true;
    unsaved.add(name);
    const held = read(key);
    held[name] = { value: valueOf(fields.get(name)), base: held[name]?.base ?? base.get(name), at: Date.now() };
    write(held);
  }
  function later(pause) {
    clearTimeout(timer);
    timer = setTimeout(save, pause);
  }
  function problem(field, text) {
    const note = noted(field, "problem-note");
    note.textContent = text;
    note.hidden = !text;
    if (text) { field.setAttribute("aria-invalid", "true"); field.setAttribute("aria-errormessage", note.id); }
    else { field.removeAttribute("aria-invalid"); field.removeAttribute("aria-errormessage"); }
  }
  function took(answer, posted) {
    for (const [name, value] of posted) {
      const field = fields.get(name);
      problem(field, answer.problems[name] ?? "");
      ask(form, name, answer.guesses?.[name] ?? []);
      if (!answer.saved.includes(name)) continue;
      base.set(name, value);
      if (valueOf(field) !== value) continue; // typed on meanwhile
      unsaved.delete(name);
      forget([name]);
    }
    const footage = fields.get("footage_until");
    if (footage && !unsaved.has("footage_until") && answer.footage_until) footage.value = answer.footage_until;
    const wrong = Object.keys(answer.problems).length;
    say(wrong ? `Saved ${answer.at}, except what is marked` : `Saved ${answer.at}`);
  }
  async function save() {
    if (busy) { later(PAUSE_MS); return; }
    const posted = new Map([...unsaved].map((name) => [name, valueOf(fields.get(name))]));
    if (!posted.size || !touched) return;
    busy = true;
    say("Saving …");
    const body = new FormData();
    posted.forEach((value, name) => body.append(name, value));
    body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    try {
      const response = await fetch(form.dataset.save, { method: "POST", body, keepalive: true });
      const ours = response.headers.get("Content-Type")?.startsWith("application/json");
      if (ours && response.ok) took(await response.json(), posted);
      else if (ours) say(Object.values((await response.json()).problems).join(" "));
      else if (response.status >= 500) { say("Not saved just now. This page keeps trying."); later(RETRY_MS); }
      else {
        const back = encodeURIComponent(window.location.pathname);
        say("Not saved: your session has ended. What you typed is kept here.",
          `${document.body.dataset.login}?next=${back}`);
      }
    } catch {
      say("Not saved: no connection. What you typed is kept here and sent when the connection is back.");
      later(RETRY_MS);
    }
    busy = false;
  }

  // Back come the values the service has not got. Where it has another one meanwhile, the reader chooses.
  function restore() {
    const back = [];
    const others = [];
    for (const [name, held] of Object.entries(read(key))) {
      const field = fields.get(name);
      if (!field) continue;
      if (held.value === valueOf(field)) {
        if (field.closest(".invalid")) unsaved.add(name); else forget([name]);
      } else if (held.base === valueOf(field)) {
        fill(field, held.value);
        keep(name);
        back.push(field);
      } else others.push([field, held.value]);
    }
    if (back.length) {
      tell(`What you typed and was not saved is back: ${back.map(labelOf).join(", ")}.`);
      back.forEach((field) => field.dispatchEvent(new Event("input", { bubbles: true })));
    }
    others.forEach(([field, value]) => offer(field, value));
  }
  function tell(text) {
    const line = Object.assign(document.createElement("p"), { textContent: text });
    banner.hidden = false;
    banner.append(line);
    return line;
  }
  function offer(field, value) {
    const line = tell(`${labelOf(field)} was changed meanwhile. You had typed: “${value}”. `);
    const use = Object.assign(document.createElement("button"), {
      type: "button", className: "button quiet compact", textContent: "Use what I typed",
    });
    const drop = Object.assign(document.createElement("button"), {
      type: "button", className: "button quiet compact", textContent: "Leave it as it is",
    });
    use.addEventListener("click", () => {
      fill(field, value);
      field.dispatchEvent(new Event("input", { bubbles: true }));
      line.remove();
      field.focus();
    });
    drop.addEventListener("click", () => { forget([field.name]); line.remove(); field.focus(); });
    line.append(use, " ", drop);
  }

  form.addEventListener("input", (event) => {
    if (!fields.has(event.target.name)) return;
    keep(event.target.name);
    later(PAUSE_MS);
  });
  form.addEventListener("submit", () => {
    sent = true;
    clearTimeout(timer);
    sessionStorage.setItem(`${key}:sent`,
      JSON.stringify({ path: window.location.pathname, names: [...fields.keys()] }));
  });
  window.addEventListener("online", () => later(0));
  window.addEventListener("pageshow", () => { sent = false; });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && !sent) { clearTimeout(timer); save(); }
  });
  restore();
}

forgetOld();
forgetSent();
if (place.matches("form[data-save]")) start(place);
