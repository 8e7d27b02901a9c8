// Features by keyboard: `e` opens the list, s, d and n say similar, different or not visible and go on.

const FINDINGS = { s: "similar", d: "different", n: "not_visible", Backspace: "" };

export function openFeatures(pair) {
  pair.querySelector("details").open = true;
  pair.querySelector(".features select")?.focus();
}

export function handleFeatures(bench) {
  bench.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.closest(".judgement")) { event.preventDefault(); event.target.blur(); return; }
    const select = event.target.closest(".features select");
    if (!select || event.ctrlKey || event.metaKey || event.altKey || !(event.key in FINDINGS)) return;
    event.preventDefault();
    select.value = FINDINGS[event.key];
    select.dispatchEvent(new Event("change", { bubbles: true }));
    const all = [...select.closest(".features").querySelectorAll("select")];
    const next = all[all.indexOf(select) + 1];
    if (next) next.focus(); else select.blur();
  });
}
