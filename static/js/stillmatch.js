// Loaded by every page as a module. Everything works without it; this makes it smoother.

const CONNECTION_LOST = "htmx:sendError";
const CONNECTED = "htmx:afterRequest";

// After a refused form, a screen reader starts at the error summary.
document.querySelector("[data-focus]")?.focus();

// A poll that was sent to the log-in page means that the session has ended: show that page whole.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  const landed = xhr.responseURL ? new URL(xhr.responseURL).pathname : "";
  if (landed === document.body.dataset.login && landed !== window.location.pathname) {
    event.detail.shouldSwap = false;
    window.location.reload();
  }
});

// What is on the page may be out of date while the service cannot be reached: say so.
const stale = document.getElementById("stale");
document.addEventListener(CONNECTION_LOST, () => { if (stale) stale.hidden = false; });
document.addEventListener(CONNECTED, (event) => {
  if (stale && event.detail.successful) stale.hidden = true;
});

// A form is sent once, however often the button is pressed; the button says what is going on.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) { event.preventDefault(); return; }
  if (event.defaultPrevented || form.method !== "post" || form.matches("[hx-post]")) return;
  form.dataset.sent = "1";
  if (event.submitter?.dataset.busy) event.submitter.textContent = event.submitter.dataset.busy;
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
});
