// Shows every <time data-time> in the reader's time zone: "time" is the time of day, "clock" adds the date if it is not
// today, "day" is the date, "ago" is how long ago it was, "since" is that for a sentence.
const MINUTE = 60_000; // ms

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en", { day: "numeric", month: "short" });
const date = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", year: "numeric" });
const exact = new Intl.DateTimeFormat("en", { dateStyle: "full", timeStyle: "short" });

const forms = {
  time: (at) => clock.format(at),
  clock: (at, now) =>
    at.toDateString() === now.toDateString() ? clock.format(at) : `${day.format(at)}, ${clock.format(at)}`,
  day: (at, now) => (at.getFullYear() === now.getFullYear() ? day : date).format(at),
  ago(at, now) {
    const minutes = Math.floor((now - at) / MINUTE);
    if (minutes < 1) return "now";
    if (minutes < 60) return `${minutes} min`;
    if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h`;
    return day.format(at);
  },
  since(at, now) {
    if (now - at >= 24 * 60 * MINUTE) return forms.day(at, now);
    const ago = forms.ago(at, now);
    return ago === "now" ? "just now" : `${ago} ago`;
  },
};

const titles = new Map(); // datetime → the exact time in words; formatting is slow, and times repeat
const MOST = 2_000;

function title(node, at) {
  if (titles.size > MOST) titles.clear();
  if (!titles.has(node.dateTime)) titles.set(node.dateTime, exact.format(at));
  return titles.get(node.dateTime);
}

export function showTimes(root = document) {
  const now = new Date();
  for (const node of root.querySelectorAll("time[data-time]")) {
    const at = new Date(node.dateTime);
    const text = forms[node.dataset.time](at, now);
    if (node.textContent !== text) node.textContent = text;
    if (node.title !== title(node, at)) node.title = title(node, at);
  }
}

showTimes();
setInterval(() => showTimes(), MINUTE);

// Formats times before a part is on the page, so that a morph changes only what differs.
document.addEventListener("htmx:before:swap", ({ detail: { tasks } }) => {
  for (const { fragment } of tasks) showTimes(fragment);
});
