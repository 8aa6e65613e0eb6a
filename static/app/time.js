// Shows every <time data-time> in the reader's own zone: "clock" as the time of day, "ago" as the distance to now.
const MINUTE = 60_000; // ms

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });

const forms = {
  clock(at, now) {
    return at.toDateString() === now.toDateString() ? clock.format(at) : `${day.format(at)}, ${clock.format(at)}`;
  },
  ago(at, now) {
    const minutes = Math.floor((now - at) / MINUTE);
    if (minutes < 1) return "now";
    if (minutes < 60) return `${minutes} min`;
    if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h`;
    return day.format(at);
  },
};

export function showTimes() {
  const now = new Date();
  for (const node of document.querySelectorAll("time[data-time]")) {
    const at = new Date(node.dateTime);
    const text = forms[node.dataset.time](at, now);
    if (node.textContent !== text) node.textContent = text;
    node.title = exact.format(at);
  }
}

showTimes();
setInterval(showTimes, MINUTE);
document.addEventListener("htmx:after:swap", showTimes);
