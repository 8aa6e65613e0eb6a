// Shows for a moment what has just happened, with a way to undo it. The server requests a toast by
// the header HX-Trigger: {"parley:toast": {"text": "…", "undo": "/inbox/…/unassign"}}.
const SHOWN = 6_000; // ms, while neither pointer nor focus is on it
const MOST = 3;

const region = () => document.getElementById("toasts");
const timers = new Map(); // toast → its timer

// A modal dialog covers the page and makes it inert: while one is open, the toasts are inside it.
function moveRegion() {
  const place = document.querySelector("dialog:modal") ?? document.body;
  if (region() && region().parentElement !== place) place.append(region());
}

document.addEventListener("parley:dialog", () => queueMicrotask(moveRegion)); // once the dialog is open
document.addEventListener("close", moveRegion, true); // captured, because this event does not bubble

// On a phone toasts are above the composer, whatever its height.
const composers = () => [...document.querySelectorAll(".composer-open, .composer-closed")];
const foot = new ResizeObserver(() => {
  const height = composers().reduce((sum, composer) => sum + composer.offsetHeight, 0);
  region()?.style.setProperty("--foot", `${height}px`);
});

function watchFoot() {
  foot.disconnect();
  for (const composer of composers()) foot.observe(composer);
}

document.addEventListener("parley:open", watchFoot);
watchFoot();

function dismiss(toast) {
  clearTimeout(timers.get(toast));
  timers.delete(toast);
  toast.remove();
}

function startTimers() {
  for (const toast of timers.keys()) {
    clearTimeout(timers.get(toast));
    timers.set(toast, setTimeout(dismiss, SHOWN, toast));
  }
}

function stopTimers() {
  for (const timer of timers.values()) clearTimeout(timer);
}

const held = () => region().matches(":hover, :focus-within");

const conversationOf = (path) => path.split("/", 3).join("/") + "/";

// forget removes the toasts that would undo an earlier change of this conversation.
function forget(conversation) {
  for (const button of region().querySelectorAll(`[data-path^="${CSS.escape(conversation)}"]`))
    dismiss(button.closest(".toast"));
}

// Also while the next change is being made: the button would undo the earlier one.
document.addEventListener(
  "htmx:config:request",
  ({
    detail: {
      ctx: { request },
    },
  }) => {
    if (request.method === "POST" && /^[/]inbox[/][^/]+[/](claim|unassign|resolve|reopen)\b/.test(request.action))
      forget(conversationOf(request.action));
  },
);

// showToast shows a toast. action can be pressed once: it runs, or its path is posted. stays is for a toast that has to
// be answered.
export function showToast(text, { action, stays = false } = {}) {
  const toast = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
  toast.querySelector("p").textContent = text;
  const button = toast.querySelector("[data-action]");
  if (action) {
    button.textContent = action.label;
    if (action.path) button.dataset.path = action.path;
    button.addEventListener("click", (event) => {
      dismiss(toast);
      if (action.run) action.run();
      else post(action.path, event);
    });
  } else {
    button.remove();
  }
  if (action?.path) forget(conversationOf(action.path));
  toast.classList.toggle("toast-stays", stays);
  moveRegion();
  region().append(toast);
  if (!stays) timers.set(toast, setTimeout(dismiss, SHOWN, toast));
  if (held()) stopTimers();
  while (region().children.length > MOST) dismiss(region().firstElementChild);
}

// post sends an undo. The answer is the header of that conversation, which may no longer be open.
async function post(path, event) {
  const open = path.startsWith(`/inbox/${document.getElementById("thread").dataset.conversationId}/`);
  const where = open ? { target: "#thread-header", swap: "outerMorph" } : { swap: "none" };
  await htmx.ajax("POST", path, { source: region(), event, ...where }).catch(() => {});
  document.dispatchEvent(new CustomEvent("parley:refresh"));
}

document.addEventListener("parley:toast", ({ detail: { text, undo } }) => {
  showToast(text, undo ? { action: { label: "Undo", path: undo } } : {});
});

const inRegion = (node) => node instanceof Node && region()?.contains(node);

for (const event of ["pointerover", "focusin"]) {
  document.addEventListener(event, ({ target }) => {
    if (inRegion(target)) stopTimers();
  });
}
for (const event of ["pointerout", "focusout"]) {
  document.addEventListener(event, ({ target, relatedTarget }) => {
    if (inRegion(target) && !inRegion(relatedTarget)) startTimers();
  });
}
