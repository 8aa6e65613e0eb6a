// What has just happened, said for a moment at the edge of the page, with a way to undo it. The server asks for one by
// the header HX-Trigger: {"parley:toast": {"text": "…", "undo": "/inbox/…/release"}}.
const SHOWN = 6_000; // ms, while neither pointer nor focus is on it
const MOST = 3;

const region = () => document.getElementById("toasts");
const timers = new Map(); // toast → its timer

// A modal dialog lies over the page and stills it: while one is open, toasts are in it.
function raise() {
  const place = document.querySelector("dialog:modal") ?? document.body;
  if (region() && region().parentElement !== place) place.append(region());
}

document.addEventListener("parley:dialog", () => queueMicrotask(raise)); // once the dialog is open
document.addEventListener("close", raise, true); // captured: this event does not bubble

// On a phone they lie above the composer, however high it is.
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

function away(toast) {
  clearTimeout(timers.get(toast));
  timers.delete(toast);
  toast.remove();
}

function wait() {
  for (const toast of timers.keys()) {
    clearTimeout(timers.get(toast));
    timers.set(toast, setTimeout(away, SHOWN, toast));
  }
}

function hold() {
  for (const timer of timers.values()) clearTimeout(timer);
}

const held = () => region().matches(":hover, :focus-within");

const conversationOf = (path) => path.split("/", 3).join("/") + "/";

// What was done to a conversation before cannot be undone any more.
function forget(conversation) {
  for (const button of region().querySelectorAll(`[data-path^="${CSS.escape(conversation)}"]`))
    away(button.closest(".toast"));
}

// Not even while the next thing is being done: pressed now, it would undo the one before.
document.addEventListener(
  "htmx:config:request",
  ({
    detail: {
      ctx: { request },
    },
  }) => {
    if (request.method === "POST" && /^[/]inbox[/][^/]+[/](claim|release|resolve|reopen)\b/.test(request.action))
      forget(conversationOf(request.action));
  },
);

// action is pressed once: it runs, or its path is posted. stays is for what has to be answered.
export function showToast(text, { action, stays = false } = {}) {
  const toast = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
  toast.querySelector("p").textContent = text;
  const button = toast.querySelector("[data-action]");
  if (action) {
    button.textContent = action.label;
    if (action.path) button.dataset.path = action.path;
    button.addEventListener("click", (event) => {
      away(toast);
      if (action.run) action.run();
      else post(action.path, event);
    });
  } else {
    button.remove();
  }
  if (action?.path) forget(conversationOf(action.path));
  toast.classList.toggle("toast-stays", stays);
  raise();
  region().append(toast);
  if (!stays) timers.set(toast, setTimeout(away, SHOWN, toast));
  if (held()) hold();
  while (region().children.length > MOST) away(region().firstElementChild);
}

// The answer is the header of the conversation, which may not be the open one any more.
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
    if (inRegion(target)) hold();
  });
}
for (const event of ["pointerout", "focusout"]) {
  document.addEventListener(event, ({ target, relatedTarget }) => {
    if (inRegion(target) && !inRegion(relatedTarget)) wait();
  });
}
