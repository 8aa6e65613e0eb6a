// The thread: what is drawn of the conversation, from message number `first` to `last` without a hole.
import * as answer from "./answer.js";
import { byClientID, byID, entryOf, newEntry } from "./entry.js";
import { draw } from "./message.js";
import { isOwn, learn } from "./names.js";
import * as order from "./order.js";
import { isFollowing, keepPlace } from "./scroll.js";
import { tell } from "./signal.js";
import { dateOf } from "./time.js";

const MOST = 400; // messages that are drawn; above that the oldest go, and the upward history brings them back,
const KEPT = 300; // down to as many

export const range = { first: 0, last: 0 }; // 0: nothing yet

function enter(message) {
  learn({ id: message.sender_id, name: message.sender_name, photo_url: message.sender_photo_url });
  const own = isOwn(message) && message.client_id ? byClientID.get(message.client_id) : undefined;
  const entry = own || newEntry(message);
  entry.message = message;
  entry.status = "sent";
  entry.at = dateOf(message.created_at);
  byID.set(message.id, entry);
  byClientID.delete(message.client_id);
  clearTimeout(entry.timer);
  answer.note(message);
  draw(entry);
  if (!isOwn(message)) tell("drawn", entry);
  return entry;
}

// receive draws messages that were missed or have just come, each once, and answers the new ones.
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

// receiveOlder draws a page of what is above.
export function receiveOlder(messages) {
  const page = messages.filter(({ id }) => !byID.has(id));
  // From the newest on: an answer must be known when what it answers is drawn.
  const entries = page.toReversed().map(enter).reverse();
  keepPlace(() => order.prepend(entries));
  if (page.length) range.first = page[0].seq;
}

// Memory stays what it is however long a conversation is watched.
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
