// The record of the view: every adjustment with its value, the candidate on the screen and the time.

const TOGETHER_MS = 250; // a slider that is dragged is one adjustment, with the value it ends at
const SEND_MS = 800, AT_ONCE = 100;
const DRAGGED = new Set(["zoom", "x", "y", "brightness", "contrast", "swipe"]);

export function makeRecord(address, token, place) {
  const opened = performance.now();
  let edits = [], timer = 0;

  function note(control, value) {
    const edit = { control, value, candidate: place(), ms: performance.now() - opened };
    const same = edits.findLast((one) => one.control === control);
    const dragged = DRAGGED.has(control) && same?.candidate === edit.candidate && edit.ms - same.ms < TOGETHER_MS;
    if (dragged) Object.assign(same, edit); else edits.push(edit);
    clearTimeout(timer);
    if (edits.length >= AT_ONCE) send(); else timer = setTimeout(send, SEND_MS);
  }
  function send() {
    clearTimeout(timer);
    if (!edits.length) return;
    const batch = edits;
    edits = [];
    fetch(address, { method: "POST", body: JSON.stringify(batch), headers: { "X-CSRFToken": token, "Content-Type": "application/json" }, keepalive: true })
      .catch(() => { edits = [...batch, ...edits]; });
  }
  return { note, send };
}
