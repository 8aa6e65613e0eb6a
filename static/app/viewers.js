// Shows who else is looking at the open conversation. The server does not store it: each agent announces it every 20 s,
// and is forgotten after 45 s without an announcement.
import { avatarOf, nameOf } from "./names.js";
import { socket } from "./socket.js";
import { current } from "./thread.js";

const EVERY = 20_000; // ms between two announcements
const FORGET = 45_000; // ms, which is two announcements lost
const FACES = 3;

const viewers = new Map(); // agent id → time of the last announcement, ms

const me = () => document.querySelector("[data-user-id]").dataset.userId;

// announce says whether this agent is looking at the conversation. Its room must have been joined.
export function announce() {
  if (!current() || !socket.connected) return;
  socket.emit("view_conversation", { conversation_id: current(), viewing: !document.hidden });
}

function sentence(names) {
  const [first, second] = names;
  if (names.length === 1) return `${first} is looking at this too`;
  if (names.length === 2) return `${first} and ${second} are looking at this too`;
  return `${first} and ${names.length - 1} others are looking at this too`;
}

function draw() {
  const place = document.getElementById("viewers");
  if (!place) return;
  const ids = [...viewers.keys()].sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
  const key = `${current()} ${ids}`;
  if (place.dataset.drawn === key && place.hasChildNodes() === ids.length > 0) return;
  place.dataset.drawn = key;
  place.replaceChildren();
  if (!ids.length) return;
  const faces = document.createElement("span");
  faces.className = "viewer-faces";
  faces.append(...ids.slice(0, FACES).map(avatarOf).filter(Boolean));
  const text = document.createElement("span");
  text.className = "viewer-text";
  text.textContent = sentence(ids.map(nameOf));
  place.title = text.textContent;
  place.append(faces, text);
}

socket.on("conversation_viewed", ({ conversation_id, agent_id, viewing }) => {
  if (conversation_id !== current() || agent_id === me()) return;
  const known = viewers.has(agent_id);
  if (viewing) viewers.set(agent_id, Date.now());
  else viewers.delete(agent_id);
  draw();
  if (viewing && !known && !document.hidden) announce(); // they missed this agent's last announcement
});

setInterval(() => {
  for (const [id, at] of viewers) if (Date.now() - at > FORGET) viewers.delete(id);
  draw();
  if (!document.hidden) announce();
}, EVERY);

document.addEventListener("visibilitychange", announce);
document.addEventListener("parley:joined", announce);
document.addEventListener("htmx:after:swap", draw);
document.addEventListener("parley:open", () => {
  viewers.clear();
  draw();
});
