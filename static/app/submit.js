// Sends a form once, however often its button is pressed: the first answer may show a secret that the second does not.
// Forms of dialogs do not leave the page and are not limited.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});

// The browser's history may restore the page as it was left, with its forms marked as sent.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
