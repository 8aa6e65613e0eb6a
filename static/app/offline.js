// The banner shown without a connection. It says what is missing, and when the next attempt is. A short loss is not shown.
// With data-stale the inbox hides what only events can tell: who is online, who else looks, where the customer is.
import { anyUnsent } from "./send.js";
import { connection } from "./socket.js";

const GRACE = 1_500; // ms
const SHORT = 300; // ms of an attempt that is not worth showing

const STAYS = "What you write stays here.";

const reasons = {
  offline: `You're offline. ${STAYS}`,
  unreachable: `Parley can't be reached. ${STAYS}`,
};

let lostAt = 0;
let timer;

// sentence keeps a sentence on a line of its own in a narrow window, whatever stands beside it.
function sentence(text) {
  if (text === " ") return text;
  return Object.assign(document.createElement("span"), { className: "sentence", textContent: text });
}

function say(text, next) {
  const banner = document.getElementById("offline");
  document.getElementById("inbox").toggleAttribute("data-stale", Boolean(text));
  banner.hidden = !text;
  // Set after the banner is shown, or screen readers would not announce it.
  const line = banner.querySelector("p");
  if (text && line.textContent !== text) line.replaceChildren(...text.split(/(?<=\.)( )/).map(sentence));
  if (next !== undefined) banner.querySelector("[data-next]").textContent = next;
}

// Parley takes agents' sockets from pages of its own address only.
function refusal() {
  const { content: own } = document.querySelector("meta[name=origin]");
  if (own === location.origin) return `You're logged out. ${anyUnsent() ? "Log in, and it is sent." : STAYS}`;
  return `Live updates work only at ${own}. Open Parley there, or set BASE_URL on the server to this address.`;
}

function show() {
  clearTimeout(timer);
  if (!document.getElementById("offline")) return;
  const { name, why, at } = connection.state;
  const link = document.querySelector("#offline a");
  link.hidden = name !== "refused" || why !== "unauthorized";
  link.href = `/auth/login?next=${encodeURIComponent(location.pathname + location.search)}`;
  if (name === "refused") return say(refusal(), "");
  if (name !== "retrying") return say("");
  const grace = lostAt + GRACE - Date.now();
  if (grace > 0) {
    timer = setTimeout(show, grace);
    return;
  }
  const text = reasons[why] ?? `Parley has a problem. ${STAYS}`;
  const wait = at - Date.now();
  say(text, at ? `Next try in ${Math.max(1, Math.ceil(wait / 1000))} s` : undefined);
  timer = at ? setTimeout(show, Math.max(wait % 1000, 50)) : setTimeout(() => say(text, "Trying now…"), SHORT);
}

connection.watch(({ name }) => {
  if (name !== "connecting") lostAt = name === "retrying" ? lostAt || Date.now() : 0;
  show();
});
for (const event of ["htmx:after:swap", "parley:open", "parley:unsent"]) document.addEventListener(event, show);
