// An image whose box has its size before it loads; a click shows it whole. One that can't be shown says so.
import { anchor, button, el, icon, loads, picture, web, written } from "../element.js";
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

// Shown in place of an image that the page may not load.
function linkOf(url, alt) {
  const words = el("span", "file-words", written("span", "file-name", alt || t("image")));
  words.append(el("small", "", web(url).split("/")[2] || ""));
  return anchor("file", web(url), el("span", "file-icon", icon("image-off")), words);
}

export function imageOf({ url, alt }, caption) {
  if (!loads(url)) return linkOf(url, alt);
  const img = picture(url, alt || t("image"), () => box.replaceWith(broken(alt)));
  const box = button("image", () => view(url, alt, caption), img);
  box.setAttribute("aria-haspopup", "dialog");
  return box;
}
