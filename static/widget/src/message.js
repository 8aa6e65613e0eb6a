// Draws a message: sender, content and state.
import { drawAnswer } from "./answer.js";
import { avatarOf } from "./avatar.js";
import { button, el } from "./element.js";
import { entryOf } from "./entry.js";
import { isOwn, nameOf } from "./names.js";
import { buttonsOf } from "./rich/buttons.js";
import { carouselOf } from "./rich/carousel.js";
import { dropdownOf } from "./rich/dropdown.js";
import { fileOf } from "./rich/file.js";
import { imageOf } from "./rich/image.js";
import { isEmojiOnly, textOf } from "./rich/text.js";
import { on, publish } from "./signal.js";
import { t } from "./text.js";
import { exactly, timeOf } from "./time.js";

// contentOf returns the parts inside the bubble and the parts below it.
function contentOf(entry) {
  const { content, rich_media } = entry.message;
  const media = rich_media || {};
  const inside = [];
  const below = [];
  if (media.url && media.filename) inside.push(fileOf(media));
  else if (media.url) inside.push(imageOf(media, content));
  if (content && content !== media.filename) inside.push(...textOf(content));
  if (media.options) inside.push(dropdownOf(entry, media));
  if (media.buttons) below.push(buttonsOf(entry, media.buttons));
  if (media.cards) below.push(carouselOf(entry, media.cards));
  return { inside, below };
}

function senderOf(message) {
  const label = el("bdi", "name", nameOf(message));
  label.dataset.sender = message.sender_id;
  return [avatarOf(message), label];
}

// A message may be drawn before its sender is known.
on("learned", (id) => {
  for (const label of document.querySelectorAll("#messages .name")) {
    if (label.dataset.sender !== id) continue;
    const [avatar, name] = senderOf(entryOf(label.closest(".message")).message);
    label.previousElementSibling.replaceWith(avatar);
    label.replaceWith(name);
  }
});

function faultOf(entry) {
  const line = el("p", "fault", el("span", "", entry.fault));
  line.setAttribute("role", "alert");
  line.append(
    button("link-button", () => publish("retry", entry), t("retry")),
    button("link-button", () => publish("discard", entry), t("delete")),
  );
  return line;
}

function statusOf(entry) {
  if (entry.status === "failed") return faultOf(entry);
  const meta = el("p", "meta");
  if (entry.status === "sending") meta.append(t(entry.wait));
  else if (entry.at) meta.append(timeOf(entry.at));
  return meta;
}

// draw builds the node on the first call. Later calls change only its state, so that nothing under the pointer is
// replaced.
export function draw(entry) {
  const { node, message, status } = entry;
  const groups = ["follows", "followed"].filter((name) => node.classList.contains(name));
  const own = isOwn(message);
  const waits = status === "sending" && entry.wait !== "sending" && "waits";
  node.className = ["message", own && "own", status, waits, `type-${message.content_type}`, ...groups]
    .filter(Boolean)
    .join(" ");
  if (!entry.bubble) {
    const { inside, below } = contentOf(entry);
    entry.bubble = el("div", "bubble", ...inside);
    if (isEmojiOnly(message.content) && message.content_type === "text") entry.bubble.classList.add("bare");
    entry.meta = el("p");
    node.append(...(own ? [] : senderOf(message)), ...(inside.length ? [entry.bubble] : []), ...below, entry.meta);
  }
  const meta = statusOf(entry);
  entry.meta.replaceWith(meta);
  entry.meta = meta;
  if (entry.at) entry.bubble.title = exactly(entry.at);
  drawAnswer(entry);
}
