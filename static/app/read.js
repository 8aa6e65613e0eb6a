// An end user's message counts as read once it or a later one is in view on a visible page.
import { fetchPart } from "./part.js";
import { connection, request, socket } from "./socket.js";
import { current, partOf } from "./thread.js";
import { refreshList } from "./list.js";

const GATHER = 300; // ms to gather messages into one mark_read

const inView = new Set(); // message ids
const readEarly = new Set(); // ids of messages that the end user read before they were drawn here
let timer;

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting) inView.add(target.dataset.messageId);
    else inView.delete(target.dataset.messageId);
  }
  readSoon();
});

function watch() {
  for (const message of document.querySelectorAll("#messages > [data-unread]")) seen.observe(message);
  for (const id of readEarly) markRead(id);
}

function markRead(id) {
  if (message(id)) readEarly.delete(id);
  else readEarly.add(id);
  message(id)?.setAttribute("data-read", "");
}

function readSoon() {
  clearTimeout(timer);
  timer = setTimeout(read, GATHER);
}

const message = (id) => document.getElementById(`m-${id}`);

function upToLastInView() {
  const unread = [...document.querySelectorAll("#messages > [data-unread]")].map((item) => item.dataset.messageId);
  return unread.slice(0, unread.findLastIndex((id) => inView.has(id)) + 1);
}

async function read() {
  if (document.hidden || !socket.connected) return;
  const ids = upToLastInView();
  if (!ids.length) return;
  const ack = await request("mark_read", { conversation_id: current(), message_ids: ids });
  if (!ack.ok) return connection.report(ack);
  wasRead(ids);
  refreshList();
}

function wasRead(ids) {
  for (const id of ids) {
    const item = message(id);
    if (!item) continue;
    item.removeAttribute("data-unread");
    seen.unobserve(item);
    inView.delete(id);
  }
}

socket.on("messages_read", (event) => {
  if (event.conversation_id !== current()) return;
  if (event.reader_type === "agent") wasRead(event.message_ids);
  else for (const id of event.message_ids) markRead(id);
});

connection.watch(({ name }) => name === "online" && readSoon());

// refreshMarks fetches which of the shown messages have been read. Without a connection nobody said so.
export async function refreshMarks() {
  if (!current() || document.getElementById("later")) return;
  const answer = await fetchPart(partOf("messages"), { headers: { "HX-Request": "true" } }).catch(() => {});
  if (!answer?.ok) return;
  const drawn = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const { id, dataset } of drawn.querySelectorAll("[data-message-id]")) {
    if ("read" in dataset) document.getElementById(id)?.setAttribute("data-read", "");
    if (!("unread" in dataset)) wasRead([dataset.messageId]);
  }
}
document.addEventListener("visibilitychange", readSoon);
for (const event of ["htmx:after:swap", "parley:messages"]) document.addEventListener(event, watch);
document.addEventListener("parley:open", () => {
  seen.disconnect();
  inView.clear();
  readEarly.clear();
  watch();
});
watch();
