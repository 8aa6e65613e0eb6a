// Signals by which modules notify each other without importing each other.
//
//   loaded       the newest page is drawn: number of the end user's last message
//   joined       the room is joined and missed messages are drawn
//   lost         the page may no longer be up to date, because the connection is lost or the server can't answer
//   behind       messages are missing: number of the newest one
//   received     a message arrived while the page was open: entry
//   learned      a sender's name or photo is known now: id
//   drawn        a message of another sender was drawn: entry
//   typed        the end user has typed something
//   sent         the end user sends a message, which may have to wait: entry
//   retry        the end user sends a refused message again: entry
//   discard      the end user deletes a refused message: entry
//   waiting      whether a message waits or was refused: true or false
//   confirmed    the server has stored an own message: client_id
//   outbox       another tab has changed the unsent messages
//   chosen       a control was used: { entry, label, value }
//   unread       number of unread messages
//   panel        the chat was opened or minimized: true or false
//   entered      the host page opened the chat: true on a phone
//   page         the host's page: { url, title }
//   unkept       the loader could not store something
//   join         the server's acknowledgement of join_conversation
const listeners = new Map();

export function on(signal, listener) {
  listeners.set(signal, [...(listeners.get(signal) || []), listener]);
}

export function publish(signal, detail) {
  for (const listener of listeners.get(signal) || []) listener(detail);
}
