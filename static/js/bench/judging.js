// Judgements: by key or by hand, saved at once, in their order for each candidate.

const VERDICTS = ["possible", "not", "cannot_tell"];

export function makeJudging(bench, pairs, { judged = () => {} } = {}) {
  const leftLine = document.querySelector("[data-left]"), finish = document.querySelector("[data-finish]");
  const saving = new Map(); // pair → promise of its last save

  function judge(value) {
    const pair = pairs.all[pairs.at()];
    pair.querySelector(`input[name="verdict"][value="${value}"]`).checked = true;
    save(pair);
    judged(VERDICTS.indexOf(value) + 1);
    if (value === "not") onward();
  }
  function onward() { if (pairs.at() + 1 < pairs.all.length) pairs.next(); else finish.focus(); }
  function confident(level) {
    const pair = pairs.all[pairs.at()];
    pair.querySelector('select[name="confidence"]').value = String(level);
    if (verdictOf(pair)) save(pair); else said(pair, "Confidence noted. Choose a judgement, then it is saved.");
  }
  function save(pair) {
    if (pairs.all.indexOf(pair) === pairs.at()) { pairs.stop(); pairs.go(); }
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
      said(pair, problem || "Saved", Boolean(problem));
      if (!problem) mark(pair);
    } catch {
      said(pair, "Not saved: the service cannot be reached. It is tried again with your next change.", true);
    }
  }
  function mark(pair) {
    const place = pairs.places[pairs.all.indexOf(pair)];
    place.dataset.judged = verdictOf(pair);
    place.querySelector("[data-state]").textContent = " judged";
    // Counted here: answers to quick keys come back in any order, and a number in them may be old.
    const left = pairs.places.filter((one) => !one.dataset.judged).length;
    leftLine.textContent = left ? `${left} candidate${left === 1 ? "" : "s"} not judged yet.` : "All candidates are judged.";
  }
  async function rest(event) {
    event.preventDefault();
    const open = pairs.all.filter((pair) => !verdictOf(pair));
    if (!open.length) { leftLine.textContent = "All candidates are judged."; return; }
    const question = `Record ${open.length} candidate${open.length === 1 ? "" : "s"} without a judgement as “not this person”?`;
    if (!window.confirm(question)) return;
    pairs.stop();
    for (const pair of open) {
      pair.querySelector('input[name="verdict"][value="not"]').checked = true;
      await save(pair);
    }
    finish.focus();
  }
  function verdictOf(pair) { return pair.querySelector('input[name="verdict"]:checked')?.value ?? ""; }
  // What was not kept must not look like what was.
  function said(pair, words, problem = false) {
    const line = pair.querySelector("[data-saved]");
    line.textContent = words;
    line.classList.toggle("muted", !problem);
    line.classList.toggle("error-text", problem);
  }

  for (const pair of pairs.all) {
    const form = pair.querySelector("[data-judgement]");
    form.addEventListener("change", (event) => {
      save(pair);
      if (event.target.name === "verdict") judged(VERDICTS.indexOf(event.target.value) + 1);
    });
    form.addEventListener("submit", (event) => { event.preventDefault(); save(pair).then(() => delete form.dataset.sent); });
  }
  document.querySelector("[data-rest]")?.addEventListener("click", rest);
  return { judge, confident, unjudged: () => pairs.all.findIndex((pair) => !verdictOf(pair)) };
}
