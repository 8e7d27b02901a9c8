// Keys of the queue (t takes the next one) and of bulk triage (a chooses all, j and k move, space chooses).
const boxes = () => [...document.querySelectorAll('input[type="checkbox"][name="decisions"]')];

function count() {
  const told = document.querySelector("[data-chosen]");
  if (told) told.textContent = `${boxes().filter((box) => box.checked).length} of ${boxes().length} chosen.`;
}

function move(step) {
  const all = boxes();
  const at = all.indexOf(document.activeElement);
  all[Math.min(all.length - 1, Math.max(0, at + step))]?.focus();
}

function chooseAll() {
  const all = boxes();
  const on = all.some((box) => !box.checked);
  for (const box of all) box.checked = on;
  count();
}

for (const bar of document.querySelectorAll("[data-choose]")) bar.hidden = false;
document.querySelector("[data-all]")?.addEventListener("click", chooseAll);
document.addEventListener("change", count);
count();

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const box = event.target.closest('input[type="checkbox"]');
  if (!box && event.target.closest("input, select, textarea")) return;
  const steps = { j: 1, k: -1 };
  if (event.key in steps && boxes().length) { event.preventDefault(); move(steps[event.key]); return; }
  const button = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (button) { event.preventDefault(); button.click(); }
});
