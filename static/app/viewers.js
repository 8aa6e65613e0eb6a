// Who else has the open conversation before them. Nobody keeps it: each says so again and again, and is forgotten when
// they do not.
import { avatarOf, nameOf } from "./names.js";
import { socket } from "./socket.js";
import { current } from "./thread.js";

const EVERY = 20_000; // ms between two times of saying so
const FORGET = 45_000; // ms: two lost ones are too many
const FACES = 3;

const viewers = new Map(); // agent id → when they were last heard of

const me = () => document.querySelector("[data-user-id]").dataset.userId;

// Says whether this agent looks at the conversation. Its room must have been joined.
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
  if (viewing && !known && !document.hidden) announce(); // they came after it was last said
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
