// The row of controls above the pictures: it shows the state of the view and changes it.

export function makeTools(tools, view, actions) {
  function show(control, value) {
    const input = tools.querySelector(`input[data-control="${control}"]`);
    if (input) input.value = value;
    tools.querySelector(`button[data-control="${control}"]`)?.setAttribute("aria-pressed", String(Boolean(value)));
    if (control === "overlay") {
      for (const button of tools.querySelectorAll("[data-overlay]")) button.setAttribute("aria-pressed", String(Number(button.dataset.overlay) === value));
      for (const only of tools.querySelectorAll("[data-only]")) only.hidden = Number(only.dataset.only) !== value;
    }
    if (control === "reset") for (const [name, start] of Object.entries(view.state)) show(name, start);
  }
  tools.hidden = false;
  tools.addEventListener("input", (event) => view.set(event.target.dataset.control, Number(event.target.value)));
  tools.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const { control, overlay, act } = button.dataset;
    if (act) actions[act](); else if (overlay) actions.overlay(Number(overlay)); else if (control) view.set(control, view.state[control] ? 0 : 1);
  });
  return { show };
}
