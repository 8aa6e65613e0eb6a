// A file: what it is called, what it is, how large it is.
import { anchor, el, icon, web } from "../element.js";
import { humanSize, plain } from "../text.js";

const LONGEST_KIND = 5; // letters of an ending that is worth showing: JPEG, XLSX

// The end of a long name says what a file is, so the middle gives way.
function parts(filename) {
  const dot = filename.lastIndexOf(".");
  const kind = dot > 0 ? filename.slice(dot + 1) : "";
  if (!kind || kind.length > LONGEST_KIND) return [filename, ""];
  return [filename.slice(0, dot), `.${kind}`];
}

export function fileOf({ url, filename, size }) {
  const name = plain(filename); // a name that turns its direction may hide what kind of file it is
  const [stem, ending] = parts(name);
  const about = [ending.slice(1).toUpperCase(), size > 0 ? humanSize(size) : ""].filter(Boolean);
  const title = el("span", "file-name", el("span", "file-stem", stem), el("span", "", ending));
  title.dir = "auto";
  title.setAttribute("aria-hidden", "true"); // it is read whole
  const words = el("span", "file-words", el("span", "hidden-label", name), title);
  if (about.length) words.append(el("small", "", ...about.flatMap((text) => [" · ", el("bdi", "", text)]).slice(1)));
  const card = anchor("file", web(url), el("span", "file-icon", icon("file", 20)), words, icon("download", 16));
  card.title = name;
  return card;
}
