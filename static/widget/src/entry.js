// The messages that are drawn. An entry is one of them with its node: message, node, at, status (sending, sent,
// failed).
import { dateOf } from "./time.js";

export const byID = new Map(); // message id → entry
export const byClientID = new Map(); // client_id → entry of ours the server has not shown us yet
const ofNode = new WeakMap();

export function newEntry(message, status) {
  const node = document.createElement("li");
  const entry = { node, message, status, at: message.local ? null : dateOf(message.created_at) };
  ofNode.set(node, entry);
  return entry;
}

export const entryOf = (node) => ofNode.get(node);
