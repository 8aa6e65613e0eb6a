// The page's texts: the catalog that the server wrote into it, with numbers, lists and plurals as the reader's language
// writes them.
import { language, part } from "./page.js";

const catalog = JSON.parse(part("language").textContent);

// The reader's variant of the page's language, such as en-GB, decides how dates and numbers look.
export const locale = navigator.languages.find((tag) => tag.split("-")[0] === language) || language;

const plurals = new Intl.PluralRules(locale);
const numbers = new Intl.NumberFormat(locale);
const lists = new Intl.ListFormat(locale, { type: "conjunction" });

// Marks that change the text direction: a name with one of them would reverse the sentence around it.
const TURNS = /[\u202a-\u202e\u2066-\u2069]/g;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

export const plain = (text) => text.replace(TURNS, "");

// apart isolates a name in the other direction from the sentence around it.
function apart(text) {
  const name = plain(text);
  return document.dir === "rtl" || RIGHT_TO_LEFT.test(name) ? `\u2068${name}\u2069` : name;
}

export function t(key, values = {}) {
  let text = catalog[key];
  if (typeof text === "object") text = text[plurals.select(values.n)] || text.other;
  return text.replace(/\{(\w+)\}/g, (_, name) =>
    typeof values[name] === "number" ? numbers.format(values[name]) : apart(values[name]),
  );
}

export const listOf = (names) => lists.format(names);

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

export function humanSize(bytes) {
  let unit = 0;
  while (bytes >= 999.5 && unit < UNITS.length - 1) {
    bytes /= 1000;
    unit++;
  }
  const maximumFractionDigits = unit && bytes < 9.95 ? 1 : 0;
  return new Intl.NumberFormat(locale, {
    style: "unit",
    unit: UNITS[unit],
    unitDisplay: unit ? "short" : "narrow",
    maximumFractionDigits,
  }).format(bytes);
}
