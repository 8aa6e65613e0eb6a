// The chat is open, or only its bubble is seen. Which of the two, the loader says; without one it is always open.
import { part, root } from "./page.js";
import { rememberPlace, returnToPlace } from "./scroll.js";
import { on, tell } from "./signal.js";
import { minimised } from "./store.js";
import { t } from "./text.js";

const bubble = part("bubble");
const badge = part("badge");
const MOST = 99; // that a badge has room for

let open = !minimised;

export const isOpen = () => open;

function show() {
  document.documentElement.classList.toggle("minimised", !open);
  root.querySelector(".chat").hidden = !open;
  part("launcher").hidden = open;
}

export function setOpen(next) {
  if (open === next) return;
  if (!next) rememberPlace();
  open = next;
  show();
  if (open) returnToPlace();
  tell("panel", open);
}

on("unread", (count) => {
  badge.hidden = !count;
  badge.textContent = count > MOST ? `${MOST}+` : count;
  bubble.setAttribute("aria-label", count ? t("open_unread", { n: count }) : t("open"));
});

show();
