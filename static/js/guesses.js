// Words that may be a guessed name are asked about beside their field while somebody types. What is such a
// word is the server's to say; without this, the form asks once it is sent. Nothing is kept of what is asked.
const PAUSE_MS = 900;

export function ask(form, name, texts) {
  const note = form.querySelector(`[data-guess="${name}"]`);
  if (!note || [...note.children].map((line) => line.textContent).join("\n") === texts.join("\n")) return;
  note.replaceChildren(...texts.map((text) => Object.assign(document.createElement("p"), { textContent: text })));
  note.hidden = !texts.length;
}

function start(form) {
  const waiting = new Set();
  let timer = 0;

  async function send() {
    const asked = new Map([...waiting].map((name) => [name, form.elements[name].value]));
    waiting.clear();
    const body = new FormData();
    asked.forEach((text, name) => body.append(name, text));
    body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    try {
      const response = await fetch(form.dataset.guesses, { method: "POST", body });
      if (!response.headers.get("Content-Type")?.startsWith("application/json")) return;
      const found = await response.json();
      asked.forEach((text, name) => {
        if (form.elements[name].value === text) ask(form, name, found[name] ?? []); // else typed on meanwhile
      });
    } catch { /* asked again with the next letter, and once the form is sent */ }
  }

  const later = (field) => {
    if (!form.querySelector(`[data-guess="${field.name}"]`)) return;
    waiting.add(field.name);
    clearTimeout(timer);
    timer = setTimeout(send, PAUSE_MS);
  };
  form.addEventListener("input", (event) => later(event.target));
  [...form.elements].filter((field) => field.name && field.value).forEach(later); // a form that came back
}

document.querySelectorAll("form[data-guesses]").forEach(start);
