// Addresses in a text become links, and nothing else does.
import { anchor, web } from "./element.js";

// Every part is bounded, so that no text takes long. Marks that turn the direction end an address: it must read as what
// it is.
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
