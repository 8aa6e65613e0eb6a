// Choices to tap. send.js handles a tap.
import { button, el, written } from "../element.js";
import { publish } from "../signal.js";

export function buttonsOf(entry, choices) {
  const box = el("div", "choices");
  for (const { label, value } of choices) {
    const choice = button("choice", () => publish("chosen", { entry, label, value }), written("span", "", label));
    choice.dataset.value = value;
    box.append(choice);
  }
  return box;
}
