// One pair on the screen at a time: which, for how long, and that the next ones are decoded before they are wanted.

const AHEAD = 3;

export function makePairs(bench, { shown = () => {} } = {}) {
  const all = [...bench.querySelectorAll("[data-pair]")];
  const places = [...bench.querySelectorAll("[data-place]")];
  const seconds = all.map((pair) => Number(secondsOf(pair)?.value) || 0);
  let current = -1, shownAt = 0;

  function show(index) {
    if (index < 0 || index >= all.length) return;
    const key = performance.now();
    stop();
    current = index;
    all.forEach((pair, i) => { pair.hidden = i !== index; });
    places.forEach((place, i) => {
      if (i === index) place.setAttribute("aria-current", "true"); else place.removeAttribute("aria-current");
    });
    centre(places[index]);
    history.replaceState(null, "", `#${all[index].id}`);
    go();
    shown(index);
    measure(picture(), key);
    ahead(index);
  }
  // How long from the key to the frame with the pair in it, and whether its picture was there: for the browser test.
  function measure(face, start) {
    const detail = { place: current + 1, loaded: !face || (face.complete && face.naturalWidth > 0) };
    requestAnimationFrame(() => requestAnimationFrame(() => performance.measure("bench:pair", { start, end: performance.now(), detail })));
  }
  function ahead(index) {
    for (const pair of all.slice(index + 1, index + 1 + AHEAD)) pair.querySelector(".lens img")?.decode?.().catch(() => {});
  }
  // The list scrolls in its own row: the page stays where it is.
  function centre(place) {
    const row = place?.closest("ol");
    if (row) row.scrollLeft += place.getBoundingClientRect().left + place.offsetWidth / 2 - (row.getBoundingClientRect().left + row.clientWidth / 2);
  }
  function picture() { return all[current]?.querySelector(".lens img"); }

  function go() { shownAt = document.hidden ? 0 : performance.now(); }
  function stop() {
    if (current < 0 || !shownAt) return;
    seconds[current] += (performance.now() - shownAt) / 1000;
    shownAt = 0;
    const field = secondsOf(all[current]);
    if (field) field.value = seconds[current].toFixed(1);
  }
  places.forEach((place, i) => place.addEventListener("click", (event) => { event.preventDefault(); show(i); }));
  return { all, places, show, stop, go, picture, next: () => show(current + 1), previous: () => show(current - 1), at: () => current };
}

export function makeProbes(bench, { chosen = () => {}, framed = () => {} } = {}) {
  const all = [...bench.querySelectorAll("[data-probe]")];
  let current = 0;

  function show(index, byHand = true) {
    if (!all.length) return;
    current = (index + all.length) % all.length;
    all.forEach((figure, i) => { figure.hidden = i !== current; });
    if (byHand) chosen(numberOf(all[current]));
  }
  // The whole frame takes the place of the face, and gives it back.
  function frame(figure = all[current], byHand = true) {
    if (!figure) return;
    const lens = figure.querySelector(".lens"), link = figure.querySelector("[data-frame]");
    let whole = lens.querySelector("[data-whole]");
    if (!whole) {
      whole = document.createElement("img");
      whole.dataset.whole = "";
      whole.alt = `Whole frame of still ${figure.dataset.probe}`;
      whole.src = link.href;
      whole.hidden = true;
      lens.append(whole);
    }
    whole.hidden = !whole.hidden;
    const face = lens.querySelector("img:not([data-whole])");
    if (face) face.hidden = !whole.hidden;
    link.textContent = whole.hidden ? "Whole frame" : "Face";
    if (byHand) framed(whole.hidden ? 0 : numberOf(figure));
  }
  for (const figure of all) {
    figure.querySelector("[data-frame]")?.addEventListener("click", (event) => { event.preventDefault(); frame(figure); });
  }
  return { all, show, frame, next: () => show(current + 1), figure: () => all[current], byNumber: (number) => all.findIndex((one) => numberOf(one) === number) };
}

function numberOf(figure) { return Number(figure.dataset.probe); }
function secondsOf(pair) { return pair.querySelector('input[name="seconds_viewed"]'); }
