// What the loader and this page tell each other.
import { part, position } from "./page.js";
import { isOpen, setOpen } from "./panel.js";
import { hasLoader, hear, hello, say } from "./parent.js";
import { on, publish } from "./signal.js";
import { unreadCount } from "./read.js";
import { t } from "./text.js";

const VERSION = 1; // of these messages

const { documentElement } = document;
let phone = false;

function layout({ open, phone: isPhone, safe }) {
  phone = Boolean(isPhone);
  documentElement.classList.toggle("phone", phone);
  for (const [i, side] of ["top", "right", "bottom", "left"].entries()) {
    documentElement.style.setProperty(`--safe-${side}`, `${Number(safe?.[i]) || 0}px`);
  }
  setOpen(Boolean(open));
}

function minimize() {
  const focused = document.hasFocus();
  setOpen(false);
  if (focused) part("bubble").focus();
  say("close");
}

function answer(data) {
  part("minimize").hidden = false;
  layout(data);
  say("ready", {
    accent: getComputedStyle(documentElement).getPropertyValue("--accent"),
    version: VERSION,
    title: t("frame"),
    position,
  });
  say("unread", { count: unreadCount() });
}

hear({
  hello: answer,
  layout,
  open(data) {
    layout(data);
    publish("entered", phone);
  },
  close: minimize,
  page: ({ url, title }) => publish("page", { url, title }),
});
if (hello) answer(hello);

part("minimize").addEventListener("click", minimize);
part("bubble").addEventListener("click", () => (hasLoader() ? say("open") : setOpen(true)));

addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing || !hasLoader() || !isOpen()) return;
  if (!document.querySelector(":popover-open, dialog[open]")) minimize(); // else Escape closes that
});

on("unread", (count) => say("unread", { count }));
on("received", ({ message }) =>
  say("message", { id: message.id, sender_type: message.sender_type, content_type: message.content_type }),
);
