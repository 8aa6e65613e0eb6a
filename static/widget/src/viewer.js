// Shows an image at full size over the chat. The dialog element traps the focus and restores it; Escape closes it.
import { picture, web, written } from "./element.js";
import { part } from "./page.js";
import { t } from "./text.js";

const dialog = part("viewer");
const figure = dialog.querySelector("figure");

export function view(url, alt, caption) {
  const text = caption || alt;
  figure.replaceChildren(picture(url, alt || t("image"), () => dialog.close()));
  if (text) figure.append(written("figcaption", "", text));
  dialog.querySelector("a").href = web(url);
  dialog.showModal();
}

// A click beside the image closes the viewer.
dialog.addEventListener("click", ({ target }) => {
  if (target === dialog || target === figure || target.closest("button")) dialog.close();
});
