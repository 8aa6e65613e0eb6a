// Native dialogs: a button with data-dialog opens the one it names, and so does a link, which without a script leads to
// a page that asks the same; data-close in it closes it. "parley:dialog" comes to a dialog before it is shown, so that
// it can draw itself.
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
    menu.querySelector("summary").focus(); // the dialog hands the focus back to it
  }
  openDialog(opener.dataset.dialog);
});

// A press on the backdrop closes; one that only ends there, as when text was selected, does not.
let pressed;

document.addEventListener("pointerdown", (event) => {
  const { target } = event;
  pressed = target.matches("dialog[open]") && outside(target, event) ? target : undefined;
});

document.addEventListener("click", (event) => {
  if (pressed && event.target === pressed && outside(pressed, event)) pressed.close();
  pressed = undefined;
});
