// A finished review played again: the same view, driven by the events of the record.
// Without this script the page lists every pair and every event.

import { handleKeys } from "./keys.js";
import { makeOverlay } from "./overlay.js";
import { makePairs, makeProbes } from "./pairs.js";
import { makeView, START } from "./view.js";

const LONGEST_PAUSE = 3000; // milliseconds; nobody waits for a coffee break
const bench = document.querySelector("[data-replay]");
if (bench) start(bench);

function start(bench) {
  const rows = [...bench.querySelectorAll("[data-event]")];
  const events = rows.map(({ dataset: d }) => ({ at: Number(d.at), control: d.control, value: Number(d.value), candidate: Number(d.candidate) }));
  const player = bench.querySelector("[data-player]"), line = player.querySelector("[data-time]"), now = player.querySelector("[data-now]");
  const button = player.querySelector("[data-act=play]"), speed = player.querySelector("[data-speed]");
  const pairs = makePairs(bench, { shown: () => view?.apply() }), probes = makeProbes(bench);
  const overlay = makeOverlay(bench, { probe: probes.figure, candidate: pairs.picture });
  const view = makeView(bench, { overlay });
  let done = 0, timer = 0, framed = false;

  player.hidden = false;
  bench.classList.add("one-by-one");
  seek(0);

  // Every position is made from the beginning: what a reviewer had on the screen is the sum of the events.
  function seek(to) {
    done = Math.min(events.length, Math.max(0, to));
    const state = { ...START };
    let candidate = 0, still = 0, frame = 0;
    for (const { control, value, candidate: place } of events.slice(0, done)) {
      if (control === "reset") Object.assign(state, START);
      else if (control in state) { state[control] = value; if (control === "zoom" && value === 1) Object.assign(state, { x: 0, y: 0 }); }
      else if (control === "probe") { still = value; frame = 0; } else if (control === "frame") frame = value;
      candidate = control === "show" ? value : place || candidate;
    }
    Object.assign(view.state, state);
    probes.show(Math.max(0, probes.byNumber(still)), false);
    if (Boolean(frame) !== framed) { probes.frame(undefined, false); framed = Boolean(frame); }
    pairs.show(Math.max(0, candidate - 1));
    view.apply();
    tell();
  }
  function tell() {
    line.value = done;
    rows.forEach((row, i) => row.toggleAttribute("data-current", i === done - 1));
    const event = events[done - 1];
    now.textContent = event ? `Step ${done} of ${events.length}, after ${(event.at / 1000).toFixed(1)} s` : `Start of ${events.length} steps`;
  }
  function step() { seek(done + 1); }
  function back() { seek(done - 1); }
  function play() {
    if (timer) { stop(); return; }
    if (done === events.length) seek(0);
    button.textContent = "Pause";
    onward();
  }
  function onward() {
    if (done >= events.length) { stop(); return; }
    const pause = Math.min(LONGEST_PAUSE, events[done].at - (events[done - 1]?.at ?? events[done].at));
    timer = setTimeout(() => { step(); onward(); }, Math.max(0, pause) / Number(speed.value));
  }
  function stop() {
    clearTimeout(timer);
    timer = 0;
    button.textContent = "Play";
  }
  const acts = { play, step: () => { stop(); step(); }, back: () => { stop(); back(); } };
  player.addEventListener("click", (event) => acts[event.target.closest("button")?.dataset.act]?.());
  line.addEventListener("input", () => { stop(); seek(Number(line.value)); });
  handleKeys({ " ": play, ArrowRight: acts.step, ArrowLeft: acts.back, Home: () => seek(0), End: () => seek(events.length) });
}
