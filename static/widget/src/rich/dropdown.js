// A choice from many, by the browser's own select, which works with every screen reader and on every phone.
import { el } from "../element.js";
import { publish } from "../signal.js";
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
    if (chosen) publish("chosen", { entry, ...chosen });
  });
  return form;
}
