// A link with data-dialog asks in the dialog that it names; without a script it leads to a page that asks. data-close in the
// dialog takes the question back.
import "./dialog.js";

document.addEventListener("click", (event) => {
  const close = event.target.closest("dialog [data-close]");
  if (close || event.target.closest("a[data-dialog]")) event.preventDefault();
  close?.closest("dialog").close();
});
