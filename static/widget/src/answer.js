// Remembers which choice was made in a message. Answered controls are disabled and show the choice, in every tab.
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

// note remembers the choice that a message makes, and shows it in the message that offered it.
export function note(message) {
  const selected = message.rich_media?.selected;
  if (!selected) return;
  answers.set(selected.message_id, selected);
  const asked = byID.get(selected.message_id);
  if (asked) drawAnswer(asked);
}

// forget drops the choice of a message that is no longer drawn. The message it answers is older, so it is not drawn
// either.
export function forget(message) {
  const selected = message.rich_media?.selected;
  if (selected) answers.delete(selected.message_id);
}
