// Native dialogs. A button with data-dialog opens the dialog with that id. So does a link, which leads without
// JavaScript to a page that asks the same. data-close closes the dialog around it. Before a dialog is shown it gets the
// event "parley:dialog", so that it can draw its content.
const outside = (dialog, { clientX, clientY }) => {
  const { left, right, top, bottom } = dialog.getBoundingClientRect();
  return clientX < left || clientX > right || clientY < top || clientY > bottom;
};

export function openDialog(id) {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return;
  dialog.dispatchEvent(new CustomEvent("parley:dialog", { bubbles: true }));
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  const { target } = event;
  const close = target.closest("dialog [data-close]");
  const opener = target.closest("[data-dialog]");
  if (close || opener?.matches("a")) event.preventDefault();
  close?.closest("dialog").close();
  if (!opener) return;
  target.closest("dialog")?.close(); // one at a time
  const menu = opener.closest("details");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus(); // the closing dialog returns the focus there
  }
  openDialog(opener.dataset.dialog);
});

// A press on the backdrop closes the dialog. A press that only ends there, as after selecting text, does not.
let pressed;

document.addEventListener("pointerdown", (event) => {
  const { target } = event;
  pressed = target.matches("dialog[open]") && outside(target, event) ? target : undefined;
});

document.addEventListener("click", (event) => {
  if (pressed && event.target === pressed && outside(pressed, event)) pressed.close();
  pressed = undefined;
});
