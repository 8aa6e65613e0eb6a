// Dates and times in the reader's time zone and language.
import { el } from "./element.js";
import { locale } from "./text.js";

const DAY = 86_400_000; // ms

const clock = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
const exact = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short" });
const thisYear = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
const otherYear = new Intl.DateTimeFormat(locale, { day: "numeric", month: "long", year: "numeric" });
const near = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });

// The server's timestamps are UTC without a zone.
export const dateOf = (stamp) => (stamp ? new Date(stamp.replace(/Z?$/, "Z")) : new Date());

export const exactly = (date) => exact.format(date);

export function timeOf(date) {
  const node = el("time", "", clock.format(date));
  node.dateTime = date.toISOString();
  return node;
}

const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());

export const sameDay = (one, other) => one.toDateString() === other.toDateString();

export function dayOf(date) {
  const ago = Math.round((midnight(new Date()) - midnight(date)) / DAY);
  if (ago === 0 || ago === 1) {
    const word = near.format(-ago, "day");
    return word.charAt(0).toLocaleUpperCase(locale) + word.slice(1);
  }
  return (date.getFullYear() === new Date().getFullYear() ? thisYear : otherYear).format(date);
}
