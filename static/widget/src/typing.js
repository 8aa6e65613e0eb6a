// Shows who is typing, and reports that the end user is.
import { avatarOf } from "./avatar.js";
import { el } from "./element.js";
import { nameOf } from "./names.js";
import { part } from "./page.js";
import { keepPlace } from "./scroll.js";
import { on } from "./signal.js";
import { listen, socket } from "./socket.js";
import { who } from "./page.js";
import { t } from "./text.js";

const EVERY = 3_000; // ms between two user_typing; the server forgets after 5 s
const SHOWN = 6_000; // ms an indicator stays without another event, in case typing_cleared is lost

const box = part("typing");
let timer;
let last = 0;
let joined = false;

function hide() {
  clearTimeout(timer);
  box.hidden = true;
}

listen("typing_indicator", ({ sender_type, sender_id }) => {
  if (sender_type === "end_user") return;
  const sender = { sender_type, sender_id };
  const dots = el("span", "dots", el("i"), el("i"), el("i"));
  dots.setAttribute("aria-hidden", "true");
  box.replaceChildren(avatarOf(sender), dots, el("span", "hidden-label", t("typing", { name: nameOf(sender) })));
  keepPlace(() => (box.hidden = false));
  clearTimeout(timer);
  timer = setTimeout(hide, SHOWN);
});

listen("typing_cleared", hide);
on("received", ({ message }) => message.sender_type !== "end_user" && hide());

on("typed", () => {
  if (!joined || Date.now() - last < EVERY) return;
  last = Date.now();
  socket.volatile.emit("user_typing", { ...who, sender_type: "end_user" });
});
on("sent", () => (last = 0));
on("joined", () => (joined = true));
on("lost", () => {
  joined = false;
  hide();
});
