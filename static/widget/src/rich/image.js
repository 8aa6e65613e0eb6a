// An image in a box that is there before it loads; a click shows it whole. One that cannot be shown says so.
import { button, el, icon, picture } from "../element.js";
import { t } from "../text.js";
import { view } from "../viewer.js";

function broken(alt) {
  return el(
    "p",
    "image broken",
    icon("image-off", 20),
    el("span", "", alt || t("image_failed")),
    alt ? el("small", "", t("image_failed")) : "",
  );
}

export function imageOf({ url, alt }, caption) {
  const img = picture(url, alt || t("image"), () => box.replaceWith(broken(alt)));
  const box = button("image", () => view(url, alt, caption), img);
  box.setAttribute("aria-haspopup", "dialog");
  return box;
}
