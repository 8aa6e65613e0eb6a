// Shows the organization's events as they arrive. They contain what people wrote, so they are shown as text, never as
// markup.
import { connection, request, socket } from "./socket.js";

const KEPT = 200; // events

const part = (name) => document.getElementById(`console-${name}`);
const [list, listen, filter, state] = ["events", "listen", "filter", "state"].map(part);
const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
});

let listening = false;

function say(text) {
  state.textContent = text;
}

const matches = (row) => row.textContent.toLowerCase().includes(filter.value.trim().toLowerCase());

function show(event, payload) {
  const row = part("event").content.firstElementChild.cloneNode(true);
  const now = new Date();
  const text = JSON.stringify(payload, null, 2) ?? "";
  row.querySelector("time").dateTime = now.toISOString();
  row.querySelector("time").textContent = clock.format(now);
  row.querySelector("code").textContent = event;
  row.querySelector("summary > span").textContent = JSON.stringify(payload) ?? "";
  row.querySelector("pre").textContent = text;
  row.hidden = !matches(row);
  list.prepend(row);
  while (list.children.length > KEPT) list.lastElementChild.remove();
  settle();
}

// emptyText explains why no event is shown, and how to get one.
function emptyText() {
  if (list.children.length) return "No event matches the filter.";
  return listening
    ? "No event yet. Write something in the widget."
    : "Click Listen, then write something in the widget.";
}

function settle() {
  part("empty").hidden = [...list.children].some((row) => !row.hidden);
  part("empty").textContent = emptyText();
}

socket.onAny((event, payload) => {
  if (listening) show(event, payload);
});

// Joins the rooms again after every reconnect. Events that happened without a connection are not shown.
async function join() {
  const acks = await Promise.all([request("join_queue"), request("join_org_presence")]);
  return acks.find((ack) => !ack.ok) ?? { ok: true };
}

connection.watch(({ name, message }) => {
  if (name === "online") say("Listening");
  else if (name === "retrying") say("The server can't be reached. Trying again…");
  else if (name === "refused") say(message);
  else if (!listening) say("Paused");
});

listen.addEventListener("click", () => {
  listening = !listening;
  listen.textContent = listening ? "Pause" : "Listen";
  if (listening) connection.connect(join);
  else connection.close();
  settle();
});

part("clear").addEventListener("click", () => {
  list.replaceChildren();
  settle();
});

filter.addEventListener("input", () => {
  for (const row of list.children) row.hidden = !matches(row);
  settle();
});
