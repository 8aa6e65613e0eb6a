// A <details> with a popover. Opening it moves the focus to its first field. It closes when the reader presses
// elsewhere, when its form is accepted and when its link is pressed.
const open = () => document.querySelectorAll("details[open]:has(> .popover)");

// Captured, because this event does not bubble.
document.addEventListener(
  "toggle",
  ({ target: details }) => {
    const popover = details.open && details.querySelector(":scope > .popover");
    if (!popover || popover.contains(document.activeElement)) return;
    popover.querySelector("input:not([type=hidden], [hidden]), textarea")?.focus();
  },
  true,
);

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
  for (const details of open()) if (details.contains(ctx.sourceElement)) details.open = false;
});
