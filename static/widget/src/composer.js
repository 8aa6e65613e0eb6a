// The field the end user writes in: it grows, Enter sends, and an unsent text survives a reload.
import { blank, excess } from "../../app/length.js";
import { LIFE } from "../../app/outbox.js";
import { externalId, part } from "./page.js";
import { sendText } from "./send.js";
import { on, publish } from "./signal.js";
import { load, save } from "./store.js";
import { t } from "./text.js";

const LIMIT = 10_000; // characters of a message: the server refuses a longer one
const LONGEST_DRAFT = 4 * LIMIT; // a longer one is not stored: the site needs its storage too

const form = part("composer");
const submit = part("send");
const tooLong = part("too-long");
export const input = part("content");
const grows = CSS.supports("field-sizing", "content");

function changed() {
  const over = excess(input.value, LIMIT);
  tooLong.textContent = over ? t("too_long", { n: over }) : "";
  input.ariaInvalid = over ? "true" : null;
  submit.disabled = over > 0 || blank(input.value);
  const text = input.value.slice(0, LONGEST_DRAFT);
  save("draft", text ? { externalId, text, at: Date.now() } : null);
  if (grows) return;
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight + input.offsetHeight - input.clientHeight}px`;
}

export function write(text) {
  input.value = text;
  changed();
}

// insert puts a text at the caret.
export function insert(text) {
  input.setRangeText(text, input.selectionStart, input.selectionEnd, "end");
  changed();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (submit.disabled) return;
  const content = input.value.trim();
  write("");
  sendText(content);
  input.focus();
});

input.addEventListener("keydown", (event) => {
  // 229: in Safari the Enter that ends a composition no longer has isComposing set.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  form.requestSubmit();
});

input.addEventListener("input", () => {
  changed();
  if (input.value) publish("typed");
});

const draft = load("draft");
write(draft?.externalId === externalId && Date.now() - draft.at < LIFE ? draft.text : "");

// On a phone the field would open the keyboard, so the log gets the focus.
on("entered", (phone) => (phone ? part("log") : input).focus({ preventScroll: true }));
