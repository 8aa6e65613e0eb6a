// A secret that is shown this one time: its part of the page becomes a dialog that neither Escape nor a press beside it
// closes, and the browser asks before the page is left under it.
const shown = "dialog[data-shown-once]";

for (const dialog of document.querySelectorAll(shown)) {
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.close();
  dialog.showModal();
}

window.addEventListener("beforeunload", (event) => {
  if (document.querySelector(`${shown}[open]`)) event.preventDefault();
});
