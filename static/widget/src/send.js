// Sends the end user's messages. A message is drawn at once and confirmed later; a failed one keeps its text.
import { answerOf, setAnswer } from "./answer.js";
import { byClientID, newEntry } from "./entry.js";
import { heal } from "./history.js";
import { newID } from "./id.js";
import { draw } from "./message.js";
import { place, remove } from "./order.js";
import { log, toEnd } from "./scroll.js";
import { on, publish } from "./signal.js";
import { request } from "./socket.js";
import { t } from "./text.js";
import { range, receive } from "./thread.js";

const OFFLINE_TIMEOUT = 20_000; // ms a message waits for a connection before it fails

let joined = false;

function compose(content, selected) {
  const client_id = newID();
  const message = { sender_type: "end_user", content_type: "text", content, client_id };
  if (selected) message.rich_media = { selected };
  const entry = newEntry(message, "sending");
  byClientID.set(client_id, entry);
  return entry;
}

// send sends a message, also again. It always carries the same client_id, so it is stored once.
function send(entry) {
  entry.status = "sending";
  if (entry.asked) setAnswer(entry.asked, entry.chosen);
  publish("sent", entry);
  draw(entry);
  place(entry);
  toEnd();
  if (joined) emit(entry);
  else waitForConnection(entry);
}

function waitForConnection(entry) {
  clearTimeout(entry.timer);
  entry.timer = setTimeout(() => fail(entry, t("failed_offline")), OFFLINE_TIMEOUT);
}

async function emit(entry) {
  clearTimeout(entry.timer);
  const { content, content_type, rich_media, client_id, sender_type } = entry.message;
  const ack = await request("send_message", { content, content_type, rich_media, client_id, sender_type });
  if (entry.status !== "sending") return; // message_received came first
  if (ack.ok) {
    for (const received of receive([{ ...entry.message, ...ack.message }])) publish("received", received);
    if (ack.message.seq === range.last + 1) {
      range.last++;
      range.first ||= ack.message.seq;
    }
  } else if (ack.error === "lost" && !joined) waitForConnection(entry);
  else if (ack.error === "conflict" && entry.asked) withdraw(entry);
  else if (ack.error === "rate_limited")
    fail(entry, t("failed_limit", { n: Math.ceil((ack.retry_after_ms || 1000) / 1000) }));
  else fail(entry, t("failed"));
}

function fail(entry, reason) {
  entry.status = "failed";
  entry.fault = reason;
  draw(entry);
  undoChoice(entry);
  toEnd();
}

// withdraw removes an answer if another tab answered first. That answer counts, and is fetched if it has not come.
function withdraw(entry) {
  byClientID.delete(entry.message.client_id);
  remove(entry);
  undoChoice(entry);
  heal();
}

// undoChoice enables the controls again, unless they have another answer by now.
function undoChoice({ asked, chosen }) {
  if (asked && answerOf(asked) === chosen) setAnswer(asked, null);
}

// The pressed button disappears, so the focus must move. In the field it would open a phone's keyboard.
const restFocus = () => log.focus({ preventScroll: true });

export const sendText = (content) => send(compose(content));

on("chosen", ({ entry: asked, label, value }) => {
  const { id } = asked.message;
  const chosen = { message_id: id, label, value };
  const entry = compose(label, id && chosen);
  entry.asked = asked;
  entry.chosen = chosen;
  restFocus();
  send(entry);
});

on("retry", (entry) => {
  restFocus();
  send(entry);
});

on("joined", () => {
  joined = true;
  for (const entry of byClientID.values()) if (entry.status === "sending") emit(entry);
});

on("lost", () => (joined = false));
