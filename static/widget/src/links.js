// Turns the addresses in a text into links, and nothing else.
import { anchor, web } from "./element.js";

// Every part is bounded, so that no text takes long. Marks that change the text direction end an address, so that it
// can't be made to look like another.
const ADDRESS =
  /\b(?:https?:\/\/|www\.)[^\s<>"\u200e\u200f\u202a-\u202e\u2066-\u2069]{1,2048}|\bmailto:[^\s<>"]{3,320}|\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}/giu;
const TRAIL = /[.,;:!?'’»”\]}…。、]+$/u;

function trimmed(found) {
  let text = found.replace(TRAIL, "");
  while (text.endsWith(")") && !text.includes("(")) text = text.slice(0, -1).replace(TRAIL, "");
  return text;
}

function addressOf(text) {
  if (/^www\./i.test(text)) return `https://${text}`;
  return /^(?:https?|mailto):/i.test(text) ? text : `mailto:${text}`;
}

export function linked(text) {
  const nodes = [];
  let from = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const shown = trimmed(found);
    const href = web(addressOf(shown), ["https:", "http:", "mailto:"]);
    if (!href) continue;
    nodes.push(text.slice(from, index), anchor("", href, shown));
    from = index + shown.length;
  }
  nodes.push(text.slice(from));
  return nodes;
}
