// A secret that is shown only once: its part of the page becomes a dialog that neither Escape nor a press beside it
// closes. While it is open, the browser asks before the page is left.
const shown = "dialog[data-shown-once]";

for (const dialog of document.querySelectorAll(shown)) {
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.close();
  dialog.showModal();
}

window.addEventListener("beforeunload", (event) => {
  if (document.querySelector(`${shown}[open]`)) event.preventDefault();
});
