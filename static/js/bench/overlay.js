// The candidate laid over the probe: swipe (a slider between the two) and blink (one, then the other).
// It is drawn from the picture that is on the page already: nothing is fetched twice.

const OFF = 0, SWIPE = 1, BLINK = 2, BLINK_MS = 700;

export function makeOverlay(bench, { probe, candidate }) {
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const canvas = document.createElement("canvas");
  canvas.className = "over";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "The candidate, laid over the probe");
  const line = document.createElement("span");
  line.className = "swipe-line";
  let timer = 0, drawn = null, on = true, last = -1;

  function draw(state) {
    const lens = probe()?.querySelector(".lens"), picture = candidate();
    if (state.overlay === OFF || !lens || !picture) { stop(); return; }
    if (canvas.parentElement !== lens) lens.append(canvas, line);
    if (drawn !== picture && picture.complete && picture.naturalWidth) {
      canvas.width = picture.naturalWidth;
      canvas.height = picture.naturalHeight;
      canvas.getContext("2d").drawImage(picture, 0, 0);
      drawn = picture;
    }
    if (drawn !== picture) { picture.addEventListener("load", () => draw(state), { once: true }); return; }
    if (state.overlay === SWIPE) swipe(state); else blink(state);
  }
  // The clip is the lens's, not the picture's: zoomed or not, the line stays where the slider is.
  function swipe(state) {
    clearInterval(timer);
    timer = 0;
    const { zoom, x } = state;
    const left = (state.swipe - 50 - x) / zoom + 50;
    canvas.style.visibility = "visible";
    canvas.style.clipPath = `inset(-500% -500% -500% ${left}%)`;
    line.hidden = false;
    line.style.left = `${state.swipe}%`;
  }
  function blink(state) {
    line.hidden = true;
    canvas.style.clipPath = "none";
    if (state.blink !== last) { on = Boolean(state.blink); last = state.blink; }
    canvas.style.visibility = on ? "visible" : "hidden";
    if (calm.matches || timer) return;
    timer = setInterval(() => { on = !on; canvas.style.visibility = on ? "visible" : "hidden"; }, BLINK_MS);
  }
  function stop() {
    clearInterval(timer);
    timer = 0;
    canvas.remove();
    line.remove();
    drawn = null;
  }
  return { draw, calm, SWIPE, BLINK, OFF };
}
