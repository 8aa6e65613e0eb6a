// A file: its name, kind and size.
import { anchor, el, icon, web } from "../element.js";
import { humanSize, plain } from "../text.js";

const LONGEST_KIND = 5; // letters of the longest extension that is shown: JPEG, XLSX

// parts splits a name. The end of a long one says what kind of file it is, so the middle is cut.
function parts(filename) {
  const dot = filename.lastIndexOf(".");
  const kind = dot > 0 ? filename.slice(dot + 1) : "";
  if (!kind || kind.length > LONGEST_KIND) return [filename, ""];
  return [filename.slice(0, dot), `.${kind}`];
}

export function fileOf({ url, filename, size }) {
  const name = plain(filename); // marks that change the text direction could hide the kind of file
  const [stem, ending] = parts(name);
  const about = [ending.slice(1).toUpperCase(), size > 0 ? humanSize(size) : ""].filter(Boolean);
  const title = el("span", "file-name", el("span", "file-stem", stem), el("span", "", ending));
  title.dir = "auto";
  title.setAttribute("aria-hidden", "true"); // screen readers read the hidden label
  const words = el("span", "file-words", el("span", "hidden-label", name), title);
  if (about.length) words.append(el("small", "", ...about.flatMap((text) => [" · ", el("bdi", "", text)]).slice(1)));
  const card = anchor("file", web(url), el("span", "file-icon", icon("file", 20)), words, icon("download", 16));
  card.title = name;
  return card;
}
