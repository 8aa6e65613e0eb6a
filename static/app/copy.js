// A button with data-copy="#selector" copies what the element shows or holds, and says "Copied" for a while. Its own
// text is in a <span>; the role=status beside it is what a screen reader announces.
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

// Where the page has no clipboard, as over plain http, or may not use it, the old way stays: select, then copy.
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
    if (!copySelected(source)) return; // it stays selected: Ctrl+C does the rest
  }
  say(button);
});
