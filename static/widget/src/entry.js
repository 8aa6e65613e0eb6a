// The drawn messages. An entry is a message with its node: message, node, at, status (sending, sent, failed).
import { dateOf } from "./time.js";

export const byID = new Map(); // message id → entry
export const byClientID = new Map(); // client_id → entry of an own message that the server has not confirmed
const ofNode = new WeakMap();

export function newEntry(message, status) {
  const node = document.createElement("li");
  const entry = { node, message, status, at: message.local ? null : dateOf(message.created_at) };
  ofNode.set(node, entry);
  return entry;
}

export const entryOf = (node) => ofNode.get(node);
