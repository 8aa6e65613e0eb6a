// The thread: the drawn messages of the conversation, from number `first` to `last` without a gap.
import * as answer from "./answer.js";
import { byClientID, byID, entryOf, newEntry } from "./entry.js";
import { draw } from "./message.js";
import { isOwn, learn } from "./names.js";
import * as order from "./order.js";
import { isFollowing, keepPlace } from "./scroll.js";
import { publish } from "./signal.js";
import { dateOf } from "./time.js";

const MOST = 400; // messages drawn; above that the oldest are removed, and scrolling up loads them again
const KEPT = 300; // messages that stay then

export const range = { first: 0, last: 0 }; // 0: nothing yet

function enter(message) {
  learn({ id: message.sender_id, name: message.sender_name, photo_url: message.sender_photo_url });
  const own = isOwn(message) && message.client_id ? byClientID.get(message.client_id) : undefined;
  const entry = own || newEntry(message);
  entry.message = message;
  entry.status = "sent";
  entry.at = dateOf(message.created_at);
  byID.set(message.id, entry);
  if (own) publish("confirmed", message.client_id);
  byClientID.delete(message.client_id);
  answer.note(message);
  draw(entry);
  if (!isOwn(message)) publish("drawn", entry);
  return entry;
}

// receive draws missed or live messages, each once, and returns the new ones.
export function receive(messages) {
  const entries = messages.filter(({ id }) => !byID.has(id)).map(enter);
  if (entries.length) {
    keepPlace(() => {
      entries.forEach(order.place);
      trim();
    });
  }
  return entries;
}

// receiveOlder draws a page of older messages.
export function receiveOlder(messages) {
  const page = messages.filter(({ id }) => !byID.has(id));
  // Newest first: an answer must be known when the message it answers is drawn.
  const entries = page.toReversed().map(enter).reverse();
  keepPlace(() => order.prepend(entries));
  if (page.length) range.first = page[0].seq;
}

// trim removes old messages, so that memory stays flat however long the page is open.
function trim() {
  if (byID.size <= MOST || !isFollowing()) return;
  for (const node of [...order.list.children]) {
    if (byID.size <= KEPT) break;
    const entry = entryOf(node);
    if (!entry?.message.seq) {
      node.remove();
      continue;
    }
    answer.forget(entry.message);
    byID.delete(entry.message.id);
    order.remove(entry);
    range.first = entry.message.seq + 1;
  }
}
