// The bench: one pair on the screen, keys, autosave, a record of every change of the view.
// Without this script the page is a list of plain forms.

const bench = document.querySelector("[data-bench]");
if (bench) start(bench);

function start(bench) {
  const pairs = [...bench.querySelectorAll("[data-pair]")];
  const probes = [...bench.querySelectorAll("[data-probe]")];
  const places = [...bench.querySelectorAll("[data-place]")];
  const tools = bench.querySelector("[data-tools]");
  const leftLine = document.querySelector("[data-left]");
  const opened = performance.now();
  const seconds = pairs.map((pair) => Number(secondsOf(pair).value) || 0);
  const view = { zoom: 1, brightness: 100, contrast: 100, flip: 0, invert: 0, grid: 0, x: 0, y: 0 };
  const saving = new Map(); // pair → promise of its last save
  let current = -1, shownAt = 0, probe = 0, edits = [], sendTimer = 0;

  bench.classList.add("one-by-one");
  tools.hidden = false;
  const wanted = pairs.findIndex((pair) => `#${pair.id}` === location.hash);
  const open = pairs.findIndex((pair) => !verdictOf(pair));
  showProbe(0, false);
  show(wanted >= 0 ? wanted : Math.max(open, 0));

  // --- which pair, which still -------------------------------------------------------------------
  function show(index) {
    if (index < 0 || index >= pairs.length) return;
    stopClock();
    current = index;
    pairs.forEach((pair, i) => { pair.hidden = i !== index; });
    places.forEach((place, i) => {
      if (i === index) place.setAttribute("aria-current", "true"); else place.removeAttribute("aria-current");
    });
    history.replaceState(null, "", `#${pairs[index].id}`);
    startClock();
    apply();
  }
  function showProbe(index, byHand = true) {
    if (!probes.length) return;
    probe = (index + probes.length) % probes.length;
    probes.forEach((figure, i) => { figure.hidden = i !== probe; });
    if (byHand) note("probe", Number(probes[probe].dataset.probe));
  }
  places.forEach((place, i) => place.addEventListener("click", (event) => { event.preventDefault(); show(i); }));

  // --- how long each was on the screen -----------------------------------------------------------
  function startClock() { shownAt = document.hidden ? 0 : performance.now(); }
  function stopClock() {
    if (current < 0 || !shownAt) return;
    seconds[current] += (performance.now() - shownAt) / 1000;
    shownAt = 0;
    secondsOf(pairs[current]).value = seconds[current].toFixed(1);
  }
  document.addEventListener("visibilitychange", () => { if (document.hidden) { stopClock(); send(); } else startClock(); });
  window.addEventListener("pagehide", () => { stopClock(); send(); });

  // --- judgements ----------------------------------------------------------------------------------
  function judge(value) {
    const pair = pairs[current];
    const radio = pair.querySelector(`input[name="verdict"][value="${value}"]`);
    radio.checked = true;
    save(pair);
    if (value === "not") next();
  }
  function next() { if (current + 1 < pairs.length) show(current + 1); else document.querySelector("[data-finish]").focus(); }
  function save(pair) {
    const index = pairs.indexOf(pair);
    if (index === current) { stopClock(); startClock(); }
    if (!verdictOf(pair)) { said(pair, "Choose a judgement, then it is saved."); return Promise.resolve(); }
    const before = saving.get(pair) ?? Promise.resolve();
    const done = before.then(() => post(pair));
    saving.set(pair, done);
    return done;
  }
  async function post(pair) {
    const form = pair.querySelector("[data-judgement]");
    said(pair, "Saving …");
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" }, keepalive: true });
      const { problem } = await answer.json();
      said(pair, problem || "Saved");
      if (!problem) mark(pair);
    } catch {
      said(pair, "Not saved: the service cannot be reached. It is tried again with your next change.");
    }
  }
  function mark(pair) {
    const place = places[pairs.indexOf(pair)];
    place.dataset.judged = verdictOf(pair);
    place.querySelector("[data-state]").textContent = " judged";
    // Counted here: answers to quick keys come back in any order, and a number in them may be old.
    const left = places.filter((one) => !one.dataset.judged).length;
    leftLine.textContent = left ? `${left} candidate${left === 1 ? "" : "s"} not judged yet.` : "All candidates are judged.";
  }
  for (const pair of pairs) {
    const form = pair.querySelector("[data-judgement]");
    form.addEventListener("change", () => save(pair));
    form.addEventListener("submit", (event) => { event.preventDefault(); save(pair).then(() => delete form.dataset.sent); });
  }
  document.querySelector("[data-rest]")?.addEventListener("click", async (event) => {
    event.preventDefault();
    const open = pairs.filter((pair) => !verdictOf(pair));
    if (!open.length) { leftLine.textContent = "All candidates are judged."; return; }
    const question = `Record ${open.length} candidate${open.length === 1 ? "" : "s"} without a judgement as “not this person”?`;
    if (!window.confirm(question)) return;
    stopClock();
    for (const pair of open) {
      pair.querySelector('input[name="verdict"][value="not"]').checked = true;
      await save(pair);
    }
    document.querySelector("[data-finish]").focus();
  });
  document.querySelector("[data-finish]").form.addEventListener("submit", () => send());

  // --- the view ----------------------------------------------------------------------------------
  function apply() {
    const filter = `brightness(${view.brightness}%) contrast(${view.contrast}%)${view.invert ? " invert(1)" : ""}`;
    for (const lens of bench.querySelectorAll(".lens")) {
      const isProbe = lens.closest("[data-probe]") !== null;
      lens.classList.toggle("grid", Boolean(view.grid));
      for (const img of lens.querySelectorAll("img")) {
        img.style.filter = filter;
        img.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.zoom})${isProbe && view.flip ? " scaleX(-1)" : ""}`;
      }
    }
  }
  function set(control, value) {
    const input = tools.querySelector(`input[data-control="${control}"]`);
    if (input) { input.value = value; value = Number(input.value); }
    if (view[control] === value) return;
    view[control] = value;
    if (control === "zoom" && value === 1) { view.x = 0; view.y = 0; }
    tools.querySelector(`button[data-control="${control}"]`)?.setAttribute("aria-pressed", String(Boolean(value)));
    apply();
    note(control, value);
  }
  function reset() {
    Object.assign(view, { zoom: 1, brightness: 100, contrast: 100, flip: 0, invert: 0, grid: 0, x: 0, y: 0 });
    for (const input of tools.querySelectorAll("input")) input.value = view[input.dataset.control];
    for (const button of tools.querySelectorAll("[aria-pressed]")) button.setAttribute("aria-pressed", "false");
    apply();
    note("reset", 1);
  }
  tools.addEventListener("input", (event) => set(event.target.dataset.control, Number(event.target.value)));
  tools.addEventListener("click", (event) => {
    const control = event.target.closest("button")?.dataset.control;
    if (control === "reset") reset(); else if (control) set(control, view[control] ? 0 : 1);
    if (event.target.closest("[data-sheet]")) sheet();
  });
  bench.addEventListener("pointerdown", (event) => {
    const lens = event.target.closest(".lens");
    if (!lens || view.zoom === 1) return;
    event.preventDefault();
    const from = { x: event.clientX - view.x, y: event.clientY - view.y };
    const move = (to) => { view.x = to.clientX - from.x; view.y = to.clientY - from.y; apply(); };
    lens.setPointerCapture(event.pointerId);
    lens.addEventListener("pointermove", move);
    lens.addEventListener("pointerup", () => lens.removeEventListener("pointermove", move), { once: true });
  });

  // The whole frame takes the place of the face, and gives it back.
  function frame(figure) {
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
    lens.querySelector("img:not([data-whole])").hidden = !whole.hidden;
    link.textContent = whole.hidden ? "Whole frame" : "Face";
    if (!whole.hidden) note("frame", Number(figure.dataset.probe));
    apply();
  }
  for (const figure of probes) {
    figure.querySelector("[data-frame]").addEventListener("click", (event) => { event.preventDefault(); frame(figure); });
  }

  // --- the record of the view --------------------------------------------------------------------
  function note(control, value) {
    edits.push({ control, value, candidate: current + 1, ms: performance.now() - opened });
    clearTimeout(sendTimer);
    if (edits.length >= 100) send(); else sendTimer = setTimeout(send, 800);
  }
  function send() {
    clearTimeout(sendTimer);
    if (!edits.length) return;
    const batch = edits;
    edits = [];
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    fetch(bench.dataset.edits, { method: "POST", body: JSON.stringify(batch), headers: { "X-CSRFToken": token, "Content-Type": "application/json" }, keepalive: true })
      .catch(() => { edits = [...batch, ...edits]; });
  }

  // --- keys --------------------------------------------------------------------------------------
  const keys = {
    j: () => show(current + 1), ArrowRight: () => show(current + 1),
    k: () => show(current - 1), ArrowLeft: () => show(current - 1),
    u: () => show(pairs.findIndex((pair) => !verdictOf(pair))),
    1: () => judge("possible"), 2: () => judge("not"), 3: () => judge("cannot_tell"),
    "+": () => set("zoom", view.zoom + 0.5), "=": () => set("zoom", view.zoom + 0.5), "-": () => set("zoom", view.zoom - 0.5),
    b: () => set("brightness", view.brightness + 10), B: () => set("brightness", view.brightness - 10),
    c: () => set("contrast", view.contrast + 10), C: () => set("contrast", view.contrast - 10),
    m: () => set("flip", view.flip ? 0 : 1), i: () => set("invert", view.invert ? 0 : 1), g: () => set("grid", view.grid ? 0 : 1),
    0: reset, p: () => showProbe(probe + 1), f: () => probes[probe] && frame(probes[probe]), "?": sheet,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("select, textarea, dialog, input:not([type=radio])")) return;
    const act = keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  function sheet() { document.getElementById("keys").showModal(); }

  function verdictOf(pair) { return pair.querySelector('input[name="verdict"]:checked')?.value ?? ""; }
  function secondsOf(pair) { return pair.querySelector('input[name="seconds_viewed"]'); }
  function said(pair, words) { pair.querySelector("[data-saved]").textContent = words; }
}
