// The bot's greeting. It is drawn here and not stored, so that somebody who only looks leaves no conversation behind.
import { el, icon } from "./element.js";
import { newEntry } from "./entry.js";
import { draw } from "./message.js";
import { list } from "./order.js";
import { greeting, root } from "./page.js";
import { keepPlace } from "./scroll.js";
import { on } from "./signal.js";
import { t } from "./text.js";

let shown = false;

function buttonsOf() {
  try {
    return JSON.parse(root.dataset.greetingButtons);
  } catch {
    return [];
  }
}

// greet draws the greeting above all messages. Once the end user has written, it has no buttons.
export function greet(hasMessages) {
  if (shown && list.querySelector(".greeting")) return;
  if (!greeting) {
    if (!hasMessages) list.prepend(el("li", "empty", icon("message-circle", 24), el("p", "", t("empty"))));
    return;
  }
  shown = true;
  const buttons = hasMessages ? [] : buttonsOf();
  const rich_media = buttons.length ? { buttons } : null;
  const entry = newEntry(
    { local: true, sender_type: "bot", content_type: "text", content: greeting, rich_media },
    "sent",
  );
  draw(entry);
  entry.node.classList.add("greeting");
  keepPlace(() => list.prepend(entry.node));
}

on("sent", () => list.querySelector(".empty")?.remove());
on("received", () => list.querySelector(".empty")?.remove());
