// The text of a message: links work, emoji alone are large, and a very long text is folded.
import { button, el, written } from "../element.js";
import { linked } from "../links.js";
import { keepPlace } from "../scroll.js";
import { t } from "../text.js";

const FOLD_LENGTH = 800; // characters shown of a longer text
const FOLD_LINES = 16; // lines shown of it
const SLACK = 1.25; // a text up to this many times the limits is shown whole: three more words are not worth a button

const EMOJI =
  /^(?:\p{Regional_Indicator}{2}|(?=[\p{Extended_Pictographic}])\p{Extended_Pictographic}\p{Emoji_Modifier}?\ufe0f?(?:\u200d\p{Extended_Pictographic}\p{Emoji_Modifier}?\ufe0f?)*|\s){1,12}$/u;
const FEW = 40; // code units; a family emoji has eleven

export const isEmojiOnly = (text) => text.length <= FEW && /\S/.test(text) && EMOJI.test(text);

// cut returns where a text is folded, between two words if possible; 0 if it is short.
function cut(text) {
  const lines = text.split("\n");
  let end = text.length;
  if (lines.length > FOLD_LINES * SLACK) end = lines.slice(0, FOLD_LINES).join("\n").length;
  if (end > FOLD_LENGTH * SLACK) end = FOLD_LENGTH;
  if (end === text.length) return 0;
  const space = text.lastIndexOf(" ", end);
  if (space > end - 80) return space;
  return /[\ud800-\udbff]/.test(text[end - 1]) ? end - 1 : end; // not through the middle of a character
}

export function textOf(content) {
  const node = written("p", isEmojiOnly(content) ? "text emoji-only" : "text", "");
  const end = cut(content);
  if (!end) {
    node.append(...linked(content));
    return [node];
  }
  let folded = true;
  const more = button("more", () => keepPlace(() => show(!folded)));
  function show(fold) {
    folded = fold;
    node.replaceChildren(...linked(fold ? `${content.slice(0, end)}…` : content));
    more.textContent = t(fold ? "show_more" : "show_less");
    more.setAttribute("aria-expanded", String(!fold));
  }
  show(true);
  return [node, el("div", "more-line", more)];
}
