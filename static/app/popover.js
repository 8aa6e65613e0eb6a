// A <details> with a popover closes when the reader turns elsewhere, and once its form has been accepted or its link
// pressed.
const open = () => document.querySelectorAll("details[open]:has(> .popover)");

document.addEventListener("click", ({ target }) => {
  for (const details of open()) if (!details.contains(target) || target.closest("a.menu-item")) details.open = false;
});

document.addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  for (const details of open()) {
    if (details.contains(document.activeElement)) details.querySelector("summary").focus();
    details.open = false;
  }
});

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.request?.method !== "POST" || ctx.response.status >= 400) return;
  for (const details of open()) details.open = false;
});
