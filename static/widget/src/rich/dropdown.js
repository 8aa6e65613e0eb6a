// A choice of many, by the browser's own list, which every reader and every phone knows.
import { el } from "../element.js";
import { tell } from "../signal.js";
import { plain, t } from "../text.js";

export function dropdownOf(entry, { placeholder, options }) {
  const select = el("select");
  const prompt = placeholder || t("choose_one");
  select.setAttribute("aria-label", plain(prompt));
  select.required = true;
  select.append(new Option(plain(prompt), ""), ...options.map(({ label, value }) => new Option(plain(label), value)));
  const form = el("form", "dropdown", select, el("button", "primary", t("send")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = options.find(({ value }) => value === select.value);
    if (chosen) tell("chosen", { entry, ...chosen });
  });
  return form;
}
