// Marking a face on the picture: click an outlined one, or drag a box with mouse, pen or finger.
// Without this, the buttons and the four number fields beside the picture do the same.
const marker = document.querySelector("[data-marker]");
const svg = marker.querySelector("svg");
const drawn = svg.querySelector("[data-drawn]");
const form = document.querySelector("[data-box]");
const CLICK_PX = 6; // a shorter drag is a click
const { width, height } = svg.viewBox.baseVal;

const button = (face) => document.querySelector(`[data-choose="${face.dataset.face}"]`);
svg.querySelectorAll("[data-face]").forEach((face) => {
  const own = button(face);
  if (!own) return;
  const light = (on) => () => face.classList.toggle("lit", on);
  own.addEventListener("focus", light(true));
  own.addEventListener("blur", light(false));
  own.addEventListener("mouseenter", light(true));
  own.addEventListener("mouseleave", light(false));
});

function point(event) {
  const frame = svg.getBoundingClientRect();
  const x = ((event.clientX - frame.left) / frame.width) * width;
  const y = ((event.clientY - frame.top) / frame.height) * height;
  return { x: Math.min(Math.max(x, 0), width), y: Math.min(Math.max(y, 0), height) };
}

function draw({ x, y, w, h }) {
  drawn.toggleAttribute("hidden", !(w > 0 && h > 0));
  drawn.setAttribute("x", x);
  drawn.setAttribute("y", y);
  drawn.setAttribute("width", Math.max(0, w));
  drawn.setAttribute("height", Math.max(0, h));
}

if (form) {
  const fields = Object.fromEntries(["x", "y", "w", "h"].map((name) => [name, form.elements[name]]));
  const typed = () => draw(Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, Number(field.value) || 0])));
  Object.values(fields).forEach((field) => field.addEventListener("input", typed));
  typed();

  const overlay = svg.parentElement;
  steer(overlay);

  let from = null;
  overlay.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button !== 0) return;
    from = { ...point(event), face: event.target.closest("[data-face]"), at: [event.clientX, event.clientY] };
    overlay.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  overlay.addEventListener("pointermove", (event) => {
    if (!from || !moved(event)) return;
    const to = point(event);
    const box = {
      x: Math.round(Math.min(from.x, to.x)), y: Math.round(Math.min(from.y, to.y)),
      w: Math.round(Math.abs(to.x - from.x)), h: Math.round(Math.abs(to.y - from.y)),
    };
    Object.entries(fields).forEach(([name, field]) => { field.value = box[name]; });
    draw(box);
  });
  overlay.addEventListener("pointerup", (event) => {
    const face = from?.face;
    if (from && !moved(event) && face) button(face)?.click();
    from = null;
  });
  overlay.addEventListener("pointercancel", () => { from = null; });
  function moved(event) {
    return Math.hypot(event.clientX - from.at[0], event.clientY - from.at[1]) >= CLICK_PX;
  }

  // With the keyboard: arrows move a box, with Shift they change its size, Enter looks for the face there.
  function steer(picture) {
    const said = document.querySelector("[data-box-said]");
    const step = Math.max(1, Math.round(Math.max(width, height) / 60));
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    picture.tabIndex = 0;
    picture.setAttribute("role", "application");
    picture.setAttribute("aria-label", "The still. Arrow keys move a box, Shift and an arrow key change its size, Enter looks for the face in it");
    picture.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Enter") { event.preventDefault(); form.requestSubmit(); return; }
      const way = ways[event.key];
      if (!way) return;
      event.preventDefault();
      const box = current();
      if (event.shiftKey) {
        box.w += way[0] * step;
        box.h += way[1] * step;
      } else {
        box.x += way[0] * step;
        box.y += way[1] * step;
      }
      box.w = Math.min(Math.max(box.w, step), width);
      box.h = Math.min(Math.max(box.h, step), height);
      box.x = Math.min(Math.max(box.x, 0), width - box.w);
      box.y = Math.min(Math.max(box.y, 0), height - box.h);
      Object.entries(fields).forEach(([name, field]) => { field.value = Math.round(box[name]); });
      typed();
      said.textContent = `Box ${fields.w.value} by ${fields.h.value} pixels, ${fields.x.value} from the left, ${fields.y.value} from the top`;
    });

    function current() {
      const box = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, Number(field.value) || 0]));
      if (box.w > 0 && box.h > 0) return box;
      const side = Math.round(Math.min(width, height) / 4);
      return { x: Math.round((width - side) / 2), y: Math.round((height - side) / 2), w: side, h: side };
    }
  }
}
