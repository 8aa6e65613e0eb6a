// Shows the chat, or only its bubble, as the loader says. Without a loader the chat is always open.
import { part, root } from "./page.js";
import { rememberPlace, returnToPlace } from "./scroll.js";
import { on, publish } from "./signal.js";
import { closed } from "./store.js";
import { t } from "./text.js";

const bubble = part("bubble");
const badge = part("badge");
const MOST = 99; // highest number on the badge

let open = !closed;

export const isOpen = () => open;

function show() {
  document.documentElement.classList.toggle("minimized", !open);
  root.querySelector(".chat").hidden = !open;
  part("launcher").hidden = open;
}

export function setOpen(next) {
  if (open === next) return;
  if (!next) rememberPlace();
  open = next;
  show();
  if (open) returnToPlace();
  publish("panel", open);
}

on("unread", (count) => {
  badge.hidden = !count;
  badge.textContent = count > MOST ? `${MOST}+` : count;
  bubble.setAttribute("aria-label", count ? t("open_unread", { n: count }) : t("open"));
});

on("waiting", (waits) => {
  part("waits").hidden = !waits;
  part("waits-label").textContent = waits ? t("open_waiting") : "";
});

show();
