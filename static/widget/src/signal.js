// How one behaviour tells the others without knowing them.
//
//   joined       the room is joined and what was missed is drawn
//   lost         the connection is gone
//   received     a message came while the page was open: entry
//   drawn        a message of somebody else was drawn: entry
//   sent         the end user sends a message: entry
//   chosen       a control was used: { entry, label, value }
//   unread       how many messages wait to be read
//   panel        the chat was opened or minimised: true or false
//   kept         what the loader keeps for this page, as a query
//   join         the answer of the server to joining
const listeners = new Map();

export function on(signal, listener) {
  listeners.set(signal, [...(listeners.get(signal) || []), listener]);
}

export function tell(signal, detail) {
  for (const listener of listeners.get(signal) || []) listener(detail);
}
