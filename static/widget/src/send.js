// Sends the end user's messages. A message is drawn at once and confirmed later. It waits, also across reloads, until the
// server has stored it or has refused it for good; a refused one keeps its text.
import { waitFor } from "../../app/connection.js";
import { answerOf, setAnswer } from "./answer.js";
import { byClientID, byID, newEntry } from "./entry.js";
import { heal } from "./history.js";
import { newID } from "./id.js";
import { draw } from "./message.js";
import { place, remove } from "./order.js";
import { log, toEnd } from "./scroll.js";
import { on, publish } from "./signal.js";
import { connection, request } from "./socket.js";
import { t } from "./text.js";
import { range, receive } from "./thread.js";
import { unsent } from "./unsent.js";

const SLOW = 5_000; // ms without an answer, after which a message no longer says that it is being sent

let timer; // until the server takes messages again

// drawUnsent draws a message of the outbox, also one that another tab or an earlier page has put there. The site can
// write to the outbox too: only what send has put there is drawn.
function drawUnsent({ client_id, content, rich_media, at, failed }, more = {}) {
  const message = { client_id, content, content_type: "text", sender_type: "end_user" };
  const selected = rich_media?.selected;
  if (selected) message.rich_media = { selected };
  const entry = newEntry(message, "sending");
  Object.assign(entry, { at: at ? new Date(at) : entry.at, ...more });
  byClientID.set(client_id, entry);
  show(entry, failed);
  place(entry);
  return entry;
}

function show(entry, failed) {
  entry.status = failed ? "failed" : "sending";
  entry.fault = failed && t(faults[failed] || "failed");
  entry.wait = waiting(entry);
  draw(entry);
  if (failed) setChoice(entry, null);
  tellWaiting();
}

const faults = { __proto__: null, forbidden: "refused", not_found: "refused", unauthorized: "refused", full: "full" };

const sending = () => [...byClientID.values()].filter(({ status }) => status === "sending");

// waiting returns the text that says why a message waits: all of them wait for the first one.
function waiting({ message }) {
  const { name, why } = connection.state;
  const tried = sending()[0]?.tried;
  if (name === "refused") return "failed";
  if (!tried && name !== "retrying") return "sending";
  if (!unsent.lasts(message)) return "keep_open";
  return why === "unreachable" || why === "offline" ? "waiting" : "unsent";
}

const waits = ({ status, wait }) => status === "failed" || (status === "sending" && wait !== "sending");

const tellWaiting = () => publish("waiting", [...byClientID.values()].some(waits));

// setChoice shows the choice that an unsent message makes, or enables the controls again, unless they have another
// answer by now.
function setChoice({ asked, chosen, message }, choice) {
  const selected = message.rich_media?.selected;
  asked ||= byID.get(selected?.message_id);
  chosen ||= selected;
  if (asked && (choice || answerOf(asked)?.value === chosen.value)) setAnswer(asked, choice);
}

function send(content, selected, more = {}) {
  const message = { client_id: newID(), content, content_type: "text" };
  if (selected) message.rich_media = { selected };
  const room = unsent.add(message);
  const entry = drawUnsent({ ...message, failed: room ? "" : "full" }, more);
  if (room && more.asked) setAnswer(more.asked, more.chosen);
  publish("sent", entry);
  toEnd();
  drain();
  setTimeout(tire, SLOW, entry);
}

function tire(entry) {
  entry.tried = true;
  showAll();
}

async function drain() {
  if (connection.state.name !== "online" || timer) return;
  const stopped = await unsent.drain("", emit, settled);
  if (!stopped) return;
  if (stopped.error !== "rate_limited") return connection.report(stopped);
  timer = setTimeout(
    () => {
      timer = undefined;
      drain();
    },
    waitFor(0, stopped.retry_after_ms),
  );
  showAll();
}

async function emit({ content, content_type, rich_media, client_id }) {
  const payload = { content, content_type, rich_media, client_id, sender_type: "end_user" };
  const ack = await request("send_message", payload);
  const entry = byClientID.get(client_id);
  if (entry) entry.tried = true;
  return ack;
}

function settled({ client_id }, ack) {
  const entry = byClientID.get(client_id);
  if (!ack.ok) {
    if (ack.error === "conflict" && entry?.message.rich_media) withdraw(entry);
    else if (entry) show(entry, ack.error);
    return;
  }
  const { message } = ack;
  for (const received of receive([{ ...entry?.message, ...message }])) publish("received", received);
  if (message.seq !== range.last + 1) return;
  range.last++;
  range.first ||= message.seq;
}

// withdraw removes an answer if another tab answered first. That answer counts, and is fetched if it has not come.
function withdraw(entry) {
  discard(entry);
  heal();
}

function discard(entry) {
  unsent.remove(entry.message.client_id);
  byClientID.delete(entry.message.client_id);
  remove(entry);
  setChoice(entry, null);
  tellWaiting();
}

function showAll() {
  for (const entry of sending()) if (entry.wait !== waiting(entry)) show(entry);
}

// follow draws what another tab has put into the outbox, and removes what is neither there nor stored.
async function follow() {
  const waits = new Map(unsent.all().map((message) => [message.client_id, message]));
  for (const [id, message] of waits) {
    const entry = byClientID.get(id);
    if (!entry) drawUnsent(message);
    else if ((entry.status === "failed") !== Boolean(message.failed)) show(entry, message.failed);
  }
  drain(); // the other tab may be gone
  const gone = [...byClientID.values()].filter(({ message, fault }) => !waits.has(message.client_id) && !fault);
  if (!gone.length) return;
  await heal();
  for (const entry of gone) if (byClientID.get(entry.message.client_id) === entry) discard(entry);
}

// The pressed button disappears, so the focus must move. In the field it would open a phone's keyboard.
const restFocus = () => log.focus({ preventScroll: true });

export const sendText = (content) => send(content);

on("chosen", ({ entry: asked, label, value }) => {
  const { id } = asked.message;
  const chosen = { message_id: id, label, value };
  restFocus();
  send(label, id && chosen, { asked, chosen });
});

on("retry", (entry) => {
  const { client_id, content, content_type, rich_media } = entry.message;
  restFocus();
  if (!unsent.add({ client_id, content, content_type, rich_media })) return;
  show(entry);
  setChoice(entry, entry.chosen || rich_media?.selected);
  publish("sent", entry);
  place(entry);
  toEnd();
  drain();
  setTimeout(tire, SLOW, entry);
});

on("discard", (entry) => {
  restFocus();
  discard(entry);
});

on("confirmed", (clientID) => {
  unsent.remove(clientID);
  tellWaiting();
});
on("outbox", follow);
on("joined", drain);
on("unkept", showAll);
connection.watch(showAll);

for (const message of unsent.all()) drawUnsent(message, { tried: true });
on("loaded", () => {
  for (const { status, message } of byClientID.values()) {
    const selected = status === "sending" && message.rich_media?.selected;
    const asked = selected && byID.get(selected.message_id);
    if (asked) setAnswer(asked, selected);
  }
});
