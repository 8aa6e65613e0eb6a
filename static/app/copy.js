// A button with data-copy="#selector" copies the text or value of that element and shows "Copied" for a while. The
// button's own text is in a <span>; screen readers announce the role=status beside the button.
const SAID = 2_500; // ms

const timers = new WeakMap();

function say(button) {
  const text = button.querySelector("span");
  const status = button.nextElementSibling;
  button.dataset.text ??= text.textContent;
  text.textContent = "Copied";
  button.dataset.copied = "";
  if (status?.role === "status") status.textContent = "Copied";
  clearTimeout(timers.get(button));
  timers.set(
    button,
    setTimeout(() => {
      text.textContent = button.dataset.text;
      delete button.dataset.copied;
      if (status?.role === "status") status.textContent = "";
    }, SAID),
  );
}

// copySelected copies without the clipboard API, which is missing over plain http and may be forbidden.
function copySelected(source) {
  if (source.select) source.select();
  else getSelection().selectAllChildren(source);
  return document.execCommand("copy");
}

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (!button) return;
  const source = document.querySelector(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.value ?? source.innerText);
  } catch {
    if (!copySelected(source)) return; // the text stays selected for Ctrl+C
  }
  say(button);
});
