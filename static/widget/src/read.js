// Read state: what the end user has read, and which of their messages an agent has read. Both are stored by number for
// the next visit.
import { isFinal } from "../../app/connection.js";
import { byID, entryOf } from "./entry.js";
import { el, icon } from "./element.js";
import { isOwn } from "./names.js";
import { line, list } from "./order.js";
import { isOpen } from "./panel.js";
import { isFollowing, log } from "./scroll.js";
import { on, publish } from "./signal.js";
import { listen, request, socket } from "./socket.js";
import { keep, kept } from "./store.js";
import { t } from "./text.js";

const GATHER = 300; // ms to gather messages into one mark_read

const unread = new Map(); // seq → id of messages from others that the end user has not read
let readTo = kept.mine; // undefined in a browser that does not know this conversation
let theirs = kept.theirs || 0; // the last message of the end user that an agent has read
let seenTo = 0; // highest number that was in view, even if the end user was not looking
const unmarked = []; // ids of read messages that the server does not know of yet
let loaded = false;
let timer;

export const unreadCount = () => unread.size;

// isLooking reports whether the end user sees the messages in view.
export const isLooking = () => isOpen() && !document.hidden;

const inSight = new IntersectionObserver(
  (found) => {
    for (const { isIntersecting, target } of found) {
      if (!isIntersecting) continue;
      inSight.unobserve(target);
      seenTo = Math.max(seenTo, entryOf(target).message.seq || 0);
    }
    see();
  },
  { root: log },
);

// see counts messages in view as read at once, and reports them to the server a little later.
function see() {
  if (isLooking() && seenTo > readTo) unmarked.push(...readUpTo(seenTo));
  clearTimeout(timer);
  timer = setTimeout(mark, GATHER);
}

async function mark() {
  if (!unmarked.length || !socket.connected) return;
  const ids = unmarked.splice(0);
  const ack = await request("mark_read", { message_ids: ids });
  if (!ack.ok && !isFinal(ack.error)) unmarked.push(...ids);
}

// readUpTo returns the ids of messages that were not read before.
function readUpTo(seq) {
  readTo = Math.max(readTo, seq);
  const ids = [];
  for (const [number, id] of unread) {
    if (number > readTo) continue;
    unread.delete(number);
    ids.push(id);
  }
  keep({ mine: readTo });
  publish("unread", unread.size);
  return ids;
}

function watch(entry) {
  unread.set(entry.message.seq, entry.message.id);
  inSight.observe(entry.node);
}

on("drawn", (entry) => {
  if (loaded && entry.message.seq > readTo) watch(entry);
});

// In a browser that is new to the conversation, everything up to the end user's last message counts as read.
on("loaded", (lastOwn) => {
  loaded = true;
  readTo ??= lastOwn;
  for (const entry of byID.values()) if (!isOwn(entry.message) && entry.message.seq > readTo) watch(entry);
  if (unread.size) divide(byID.get(unread.values().next().value));
  publish("unread", unread.size);
});

// New messages are separated from read ones if the end user is not looking.
on("received", (entry) => {
  if (isOwn(entry.message)) return;
  if (unread.size === 1 && !(isLooking() && isFollowing())) divide(entry);
  publish("unread", unread.size);
});

function divide(entry) {
  list.querySelector(".divider")?.remove();
  list.insertBefore(line(t("new_messages"), "divider"), entry.node);
  entry.node.classList.remove("follows");
}

on("sent", () => list.querySelector(".divider")?.remove());
on("panel", see);
on("joined", see);
document.addEventListener("visibilitychange", see);

listen("messages_read", ({ reader_type, message_ids }) => {
  const numbers = message_ids.map((id) => byID.get(id)?.message.seq || 0);
  const last = Math.max(0, ...numbers);
  if (reader_type === "end_user") return readUpTo(last); // in another tab
  theirs = Math.max(theirs, last);
  keep({ theirs });
  receipt();
});

// receipt shows "Read" under the last message of the end user that an agent has read.
function receipt() {
  const shown = list.querySelector(".receipt");
  const node = [...list.querySelectorAll(".own.sent")].findLast(({ dataset }) => Number(dataset.seq) <= theirs);
  if (shown && node?.contains(shown)) return;
  shown?.closest(".message").classList.remove("is-read");
  shown?.remove();
  if (!node) return;
  node.classList.add("is-read");
  node.querySelector(".meta").append(el("span", "receipt", icon("check-check", 16), t("read")));
}

on("loaded", receipt);
on("joined", receipt);
on("join", ({ read_seq = 0 }) => {
  theirs = Math.max(theirs, read_seq);
  keep({ theirs });
});
