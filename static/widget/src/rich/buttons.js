// Choices to tap. What a tap means is decided in send.js.
import { button, el, written } from "../element.js";
import { tell } from "../signal.js";

export function buttonsOf(entry, choices) {
  const box = el("div", "choices");
  for (const { label, value } of choices) {
    const choice = button("choice", () => tell("chosen", { entry, label, value }), written("span", "", label));
    choice.dataset.value = value;
    box.append(choice);
  }
  return box;
}
