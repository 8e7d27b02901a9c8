// The bench: one pair on the screen, keys, autosave, a record of every change of the view.
// Without this script the page is a list of plain forms.

import { handleFeatures, openFeatures } from "./features.js";
import { makeJudging } from "./judging.js";
import { handleKeys, sheet } from "./keys.js";
import { makeOverlay } from "./overlay.js";
import { makePairs, makeProbes } from "./pairs.js";
import { makeRecord } from "./record.js";
import { makeTools } from "./tools.js";
import { handle, makeView } from "./view.js";

const STEP = { zoom: 0.5, brightness: 10, contrast: 10, swipe: 5, pan: 6 };
const bench = document.querySelector("[data-bench]");
if (bench) start(bench);

function start(bench) {
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const record = makeRecord(bench.dataset.edits, token, () => pairs.at() + 1);
  const probes = makeProbes(bench, {
    chosen: (number) => { record.note("probe", number); view.apply(); },
    framed: (number) => { record.note("frame", number); view.apply(); },
  });
  const pairs = makePairs(bench, { shown: (index) => { record.note("show", index + 1); view.apply(); } });
  const overlay = makeOverlay(bench, { probe: probes.figure, candidate: pairs.picture });
  const view = makeView(bench, { overlay, changed: (control, value) => { record.note(control, value); tools.show(control, value); } });
  const judging = makeJudging(bench, pairs, { judged: (number) => record.note("judged", number) });
  const acts = { reset: view.reset, sheet, overlay: lay };
  const tools = makeTools(bench.querySelector("[data-tools]"), view, acts);

  bench.classList.add("one-by-one");
  handle(bench, view);
  handleFeatures(bench);
  probes.show(0, false);
  const wanted = pairs.all.findIndex((pair) => `#${pair.id}` === location.hash);
  pairs.show(wanted >= 0 ? wanted : Math.max(judging.unjudged(), 0));

  // Blink by itself, or by hand where motion is not wanted: then the same key shows one, the other, neither.
  function lay(kind) {
    const { state } = view, by_hand = overlay.calm.matches && kind === overlay.BLINK;
    if (by_hand && state.overlay === kind && state.blink) { view.set("blink", 0); return; }
    if (state.overlay === kind) { view.set("overlay", overlay.OFF); return; }
    view.set("overlay", kind);
    if (kind === overlay.BLINK) view.set("blink", 1);
  }
  function toggle(control) { view.set(control, view.state[control] ? 0 : 1); }
  function by(control, direction) { view.set(control, view.state[control] + direction * STEP[control]); }
  function pan(x, y) {
    if (view.state.zoom === 1) return;
    if (x) view.set("x", view.state.x + x * STEP.pan);
    if (y) view.set("y", view.state.y + y * STEP.pan);
  }
  handleKeys({
    j: pairs.next, ArrowRight: pairs.next, k: pairs.previous, ArrowLeft: pairs.previous, u: () => pairs.show(judging.unjudged()),
    1: () => judging.judge("possible"), 2: () => judging.judge("not"), 3: () => judging.judge("cannot_tell"),
    ...Object.fromEntries([1, 2, 3, 4, 5].map((level) => [`Shift+Digit${level}`, () => judging.confident(level)])),
    e: () => openFeatures(pairs.all[pairs.at()]),
    "+": () => by("zoom", 1), "=": () => by("zoom", 1), "-": () => by("zoom", -1),
    "Shift+ArrowLeft": () => pan(1, 0), "Shift+ArrowRight": () => pan(-1, 0), "Shift+ArrowUp": () => pan(0, 1), "Shift+ArrowDown": () => pan(0, -1),
    b: () => by("brightness", 1), B: () => by("brightness", -1), c: () => by("contrast", 1), C: () => by("contrast", -1),
    m: () => toggle("flip"), i: () => toggle("invert"), g: () => toggle("grid"), 0: view.reset,
    s: () => lay(overlay.SWIPE), x: () => lay(overlay.BLINK), "[": () => by("swipe", -1), "]": () => by("swipe", 1),
    p: probes.next, f: () => probes.frame(), "?": sheet,
  });

  document.addEventListener("visibilitychange", () => { if (document.hidden) { pairs.stop(); record.send(); } else pairs.go(); });
  window.addEventListener("pagehide", () => { pairs.stop(); record.send(); });
  document.querySelector("[data-finish]").form.addEventListener("submit", record.send);
}
