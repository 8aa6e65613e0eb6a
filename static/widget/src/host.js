// Messages between this page and the loader. They are accepted only from the page that frames this one and from the
// origin that sent the first hello, and are sent only there.
import { part, position } from "./page.js";
import { isOpen, setOpen } from "./panel.js";
import { on, publish } from "./signal.js";
import { unreadCount } from "./read.js";
import { t } from "./text.js";

const VERSION = 1; // of these messages

const { documentElement } = document;
let origin = ""; // the host page's; empty without a loader
let phone = false;
const early = []; // what the loader shall keep, from before its hello

function say(type, more) {
  if (origin) parent.postMessage({ parley: 1, type, ...more }, origin);
}

function layout({ open, phone: isPhone, safe }) {
  phone = Boolean(isPhone);
  documentElement.classList.toggle("phone", phone);
  for (const [i, side] of ["top", "right", "bottom", "left"].entries()) {
    const inset = Number(safe?.[i]);
    if (inset >= 0) documentElement.style.setProperty(`--safe-${side}`, `${inset}px`);
  }
  setOpen(Boolean(open));
}

function minimize() {
  const focused = document.hasFocus();
  setOpen(false);
  if (focused) part("bubble").focus();
  say("close");
}

const heard = {
  __proto__: null,
  hello(data) {
    part("minimize").hidden = false;
    layout(data);
    say("ready", {
      accent: getComputedStyle(documentElement).getPropertyValue("--accent"),
      version: VERSION,
      title: t("frame"),
      position,
    });
    say("unread", { count: unreadCount() });
    for (const kept of early.splice(0)) say("keep", { kept });
  },
  layout,
  open() {
    setOpen(true);
    publish("entered", phone);
  },
  close: minimize,
  page: ({ url, title }) => publish("page", { url, title }),
};

if (parent !== window) {
  addEventListener("message", ({ source, origin: from, data }) => {
    if (source !== parent || data?.parley !== 1 || from === "null") return;
    if (!origin && data.type === "hello") origin = from;
    if (origin && from === origin) heard[data.type]?.(data);
  });
}

part("minimize").addEventListener("click", minimize);
part("bubble").addEventListener("click", () => (origin ? say("open") : setOpen(true)));

addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing || !origin || !isOpen()) return;
  if (!document.querySelector(":popover-open, dialog[open]")) minimize(); // else Escape closes that
});

on("keep", (kept) => (origin ? say("keep", { kept }) : early.push(kept)));
on("unread", (count) => say("unread", { count }));
on("received", ({ message }) =>
  say("message", { id: message.id, sender_type: message.sender_type, content_type: message.content_type }),
);
