// Messages that the server has not confirmed. They are stored in this browser until it has, so that they survive a
// reload. Each has its client_id, so that it is stored once however often it is sent.
import { isFinal } from "./connection.js";
import { oneAtATime } from "./tabs.js";

const MOST = 50; // messages of one outbox
export const LIFE = 7 * 86_400_000; // ms
const LAST = 8.64e15; // ms, of the last date that JavaScript has
const TURN = 15_000; // ms a tab waits for another one that is sending

const PREFIX = "parley_outbox:";

// read returns a stored message, or undefined if add has not stored it. The page of the site, extensions and older
// versions can write to the same storage.
function read(key, text) {
  try {
    const message = JSON.parse(text);
    const { client_id, content, lane, at, rich_media = {}, failed = "" } = message;
    const texts = [client_id, content, lane, failed].every((value) => typeof value === "string");
    const dated = typeof at === "number" && Math.abs(at) < LAST;
    return texts && dated && typeof rich_media === "object" && key.endsWith(`:${client_id}`) ? message : undefined;
  } catch {
    return undefined;
  }
}

// browserStorage returns localStorage, or an object that stores nothing where it is blocked.
export function browserStorage() {
  try {
    return localStorage;
  } catch {
    return {};
  }
}

// openOutbox opens the outbox of a name. A message that has waited too long counts as refused from then on, and is removed
// the next time. onChange is called when another tab changes the outbox. storage is used like localStorage; its lasts
// reports whether it could store the value of a key, if that is known only later.
export function openOutbox(name, onChange, storage = browserStorage()) {
  const prefix = `${PREFIX}${name}:`;
  const memory = new Map(); // messages that could not be stored, which last as long as the page
  const sending = new Map(); // lane → whether to look again
  let last = 0;

  // stored returns what is stored by key: a message, or undefined if it cannot be read.
  const stored = () =>
    Object.entries(storage)
      .filter(([key]) => key.startsWith(PREFIX))
      .map(([key, text]) => [key, read(key, text)]);

  addEventListener("storage", ({ key }) => key?.startsWith(prefix) && onChange());

  // all returns the messages, oldest first.
  function all() {
    const kept = stored().filter(([key, message]) => message && key === prefix + message.client_id);
    const both = new Map(kept.map(([, message]) => [message.client_id, message]));
    for (const [id, message] of memory) both.set(id, message);
    return [...both.values()].sort((a, b) => a.at - b.at);
  }

  function put(message) {
    try {
      storage.setItem(prefix + message.client_id, JSON.stringify(message));
    } catch {
      memory.set(message.client_id, message);
    }
  }

  // age leaves the messages of other outboxes to those, unless nothing can be done with them.
  function age([key, message]) {
    const now = Date.now();
    if (message && Math.abs(now - message.at) < LIFE) return;
    if (!message || message.failed) storage.removeItem(key);
    else if (key === prefix + message.client_id) put({ ...message, failed: "old", at: now });
  }

  stored().forEach(age);

  function remove(clientID) {
    memory.delete(clientID);
    try {
      storage.removeItem(prefix + clientID);
    } catch {}
  }

  const next = (lane) => all().find((message) => message.lane === lane && !message.failed);

  return {
    all,
    remove,
    // lasts reports whether a message is stored, and not only in this page.
    lasts: ({ client_id }) => !memory.has(client_id) && storage.lasts?.(prefix + client_id) !== false,
    // add adds a message, or a refused one again, and reports whether there was room. Messages of one lane are sent in
    // the order in which they were added.
    add(message, lane = "") {
      remove(message.client_id);
      if (all().length >= MOST) return false;
      last = Math.max(last + 1, Date.now());
      put({ ...message, lane, at: last });
      return true;
    },
    // drain sends the messages of a lane in order, in one tab at a time. send returns an acknowledgement; settled gets
    // each message that was accepted or refused for good, with it. drain returns the acknowledgement that made it stop,
    // or undefined when no message waits.
    async drain(lane, send, settled) {
      if (sending.has(lane)) return sending.set(lane, true) && undefined;
      let stopped;
      do {
        sending.set(lane, false);
        stopped = await oneAtATime(prefix + lane, TURN, async () => {
          for (let message = next(lane); message; message = next(lane)) {
            const ack = await send(message);
            if (!ack.ok && !isFinal(ack.error)) return ack;
            if (ack.ok) remove(message.client_id);
            else put({ ...message, failed: ack.error });
            settled(message, ack);
          }
        });
      } while (!stopped && sending.get(lane));
      sending.delete(lane);
      return stopped;
    },
  };
}
