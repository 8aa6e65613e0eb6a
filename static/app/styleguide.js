// Makes the parts of the styleguide work as on a real page.
import "./dialog.js";
import "./notice.js";
import "./popover.js";
import { showToast } from "./toast.js";

document.addEventListener("click", ({ target }) => {
  const { toast } = target.closest("[data-toast]")?.dataset ?? {};
  if (toast) showToast(toast, { action: { label: "Undo", run() {} } });
});
