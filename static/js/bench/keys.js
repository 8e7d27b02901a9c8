// Keys of a page: one table, and a sheet that shows them.

/** `keys` maps a key, or a code with Shift before it ("Shift+Digit1"), to what it does. */
export function handleKeys(keys) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("select, textarea, dialog, summary, input:not([type=radio])")) return;
    const act = (event.shiftKey && keys[`Shift+${event.code}`]) || keys[event.key];
    if (!act || (event.key.startsWith("Arrow") && event.target.closest("input"))) return;
    event.preventDefault();
    act();
  });
}

export function sheet() { document.getElementById("keys").showModal(); }
