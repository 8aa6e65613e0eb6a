// Which choice was made in a message. Controls that were answered are closed and show it, whoever's tab it was made in.
import { byID } from "./entry.js";
import { icon } from "./element.js";

const answers = new Map(); // message id → { label, value }

export const answerOf = (entry) => entry.answer || answers.get(entry.message.id);

export function drawAnswer(entry) {
  const chosen = answerOf(entry);
  entry.node.classList.toggle("answered", Boolean(chosen));
  for (const control of entry.node.querySelectorAll(".choice")) {
    control.disabled = Boolean(chosen);
    const isIt = Boolean(chosen) && control.dataset.value === chosen.value;
    control.setAttribute("aria-pressed", String(isIt));
    control.querySelector(".icon")?.remove();
    if (isIt) control.prepend(icon("check", 16));
  }
  for (const control of entry.node.querySelectorAll(".dropdown select, .dropdown button")) {
    control.disabled = Boolean(chosen);
    if (chosen && control.matches("select")) control.value = chosen.value;
  }
}

export function setAnswer(entry, chosen) {
  if (!entry.message.id)
    entry.answer = chosen; // the greeting
  else if (chosen) answers.set(entry.message.id, chosen);
  else answers.delete(entry.message.id);
  drawAnswer(entry);
}

// note remembers what a message chooses, and shows it where that was offered.
export function note(message) {
  const selected = message.rich_media?.selected;
  if (!selected) return;
  answers.set(selected.message_id, selected);
  const asked = byID.get(selected.message_id);
  if (asked) drawAnswer(asked);
}

// The message that was answered is older than the answer, so it is no longer drawn either.
export function forget(message) {
  const selected = message.rich_media?.selected;
  if (selected) answers.delete(selected.message_id);
}
