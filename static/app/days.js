// Puts a line with the date between two messages of different days, in the reader's time zone.
const DAY = 86_400_000; // ms

const today = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const near = new Intl.DateTimeFormat("en", { weekday: "long", day: "numeric", month: "long" });
const far = new Intl.DateTimeFormat("en", { day: "numeric", month: "long", year: "numeric" });

const midnights = new WeakMap(); // message → the beginning of its day, ms

function midnight(message) {
  if (!midnights.has(message))
    midnights.set(message, new Date(message.querySelector("time").dateTime).setHours(0, 0, 0, 0));
  return midnights.get(message);
}

function label(day) {
  const ago = Math.round((new Date().setHours(0, 0, 0, 0) - day) / DAY); // a day may have 23 hours
  if (ago < 2) return today.format(-ago, "day").replace(/^./, (letter) => letter.toUpperCase());
  return ago < 180 ? near.format(day) : far.format(day);
}

export function separateDays() {
  let previous;
  for (const message of document.querySelectorAll("#messages > [data-seq]")) {
    const day = midnight(message);
    const place = message.previousElementSibling?.matches(".divider") ? message.previousElementSibling : message;
    const existing = place.previousElementSibling?.matches(".day") ? place.previousElementSibling : null;
    if (day === previous) existing?.remove();
    else separate(day, place, existing);
    previous = day;
  }
}

function separate(day, place, existing) {
  const line = existing ?? document.createElement("li");
  line.className = "day";
  const text = label(day);
  if (line.textContent !== text) line.textContent = text;
  if (!existing) place.before(line);
}
