// What is done to the pictures: one state for both sides, so that probe and candidate stay at one scale.
// Lengths of a shift are in percent of a picture's side, so that it can be replayed at any size.

export const START = { zoom: 1, x: 0, y: 0, brightness: 100, contrast: 100, flip: 0, invert: 0, grid: 0, overlay: 0, swipe: 50, blink: 0 };
const RANGES = { zoom: [1, 6], x: [-250, 250], y: [-250, 250], brightness: [40, 250], contrast: [40, 250], swipe: [0, 100], overlay: [0, 2] };

export function makeView(bench, { overlay, changed = () => {} } = {}) {
  const state = { ...START };

  function apply() {
    const filter = `brightness(${state.brightness}%) contrast(${state.contrast}%)${state.invert ? " invert(1)" : ""}`;
    const moved = `translate(${state.x}%, ${state.y}%) scale(${state.zoom})`;
    for (const lens of bench.querySelectorAll(".lens")) {
      const mirrored = state.flip && lens.closest("[data-probe]") ? " scaleX(-1)" : "";
      lens.classList.toggle("grid", Boolean(state.grid));
      lens.classList.toggle("held", state.zoom > 1);
      for (const picture of lens.querySelectorAll("img, canvas")) {
        picture.style.filter = filter;
        picture.style.transform = picture.matches("canvas") ? moved : moved + mirrored;
      }
    }
    overlay?.draw(state);
  }
  function set(control, value) {
    const [low, high] = RANGES[control] ?? [0, 1];
    const kept = Math.min(high, Math.max(low, Math.round(value * 100) / 100));
    if (!(control in state) || state[control] === kept) return false;
    state[control] = kept;
    if (control === "zoom" && kept === 1) { state.x = 0; state.y = 0; }
    apply();
    changed(control, kept);
    return true;
  }
  /** Zoom so that the point at (x, y), in percent from the middle of the lens, stays where it is. */
  function zoomAt(zoom, x, y) {
    const before = state.zoom;
    if (!set("zoom", zoom) || state.zoom === 1) return;
    const ratio = state.zoom / before;
    set("x", x - (x - state.x) * ratio);
    set("y", y - (y - state.y) * ratio);
  }
  function reset() {
    Object.assign(state, START);
    apply();
    changed("reset", 1);
  }
  return { state, set, zoomAt, reset, apply };
}

// Pointer and wheel: both pictures move together, whichever is held.
export function handle(bench, view) {
  bench.addEventListener("pointerdown", (event) => {
    const lens = event.target.closest(".lens");
    if (!lens || view.state.zoom === 1 || event.button > 0) return;
    event.preventDefault();
    const box = lens.getBoundingClientRect();
    const from = { x: event.clientX, y: event.clientY, left: view.state.x, top: view.state.y };
    const move = (to) => {
      view.set("x", from.left + (to.clientX - from.x) / box.width * 100);
      view.set("y", from.top + (to.clientY - from.y) / box.height * 100);
    };
    const end = () => {
      lens.removeEventListener("pointermove", move);
      lens.removeEventListener("pointerup", end);
      lens.removeEventListener("pointercancel", end);
    };
    lens.setPointerCapture(event.pointerId);
    lens.addEventListener("pointermove", move);
    lens.addEventListener("pointerup", end);
    lens.addEventListener("pointercancel", end);
  });
  bench.addEventListener("wheel", (event) => {
    const lens = event.target.closest(".lens");
    if (!lens || event.ctrlKey || (view.state.zoom === 1 && event.deltaY > 0)) return;
    event.preventDefault();
    const box = lens.getBoundingClientRect();
    const x = (event.clientX - box.left - box.width / 2) / box.width * 100;
    const y = (event.clientY - box.top - box.height / 2) / box.height * 100;
    view.zoomAt(view.state.zoom - Math.sign(event.deltaY) * 0.25, x, y);
  }, { passive: false });
}
