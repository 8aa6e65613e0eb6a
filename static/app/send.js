// Sends the agent's answers. An answer waits, also across reloads, until the server has stored it or has refused it for
// good. "parley:unsent" is dispatched when the waiting answers change, "parley:refused" with a refused one.
import { waitFor } from "./connection.js";
import { csrfToken } from "./csrf.js";
import { newID } from "./id.js";
import { openOutbox } from "./outbox.js";
import { fetchPart } from "./part.js";
import { connection, request, socket } from "./socket.js";

const changed = () => document.dispatchEvent(new CustomEvent("parley:unsent"));

const outbox = openOutbox(document.getElementById("inbox").dataset.userId, () => {
  changed();
  drainAll(); // the other tab may be gone
});

const tried = new Set(); // client_ids that the server has answered, but not for good
let timer; // until the server takes messages again
let waits = 0; // for it, in a row

// unsentOf returns the answers of a conversation that wait, oldest first.
export const unsentOf = (conversationID) => outbox.all().filter(({ lane }) => lane === conversationID);

export const anyUnsent = () => outbox.all().length > 0;

// confirm removes an answer that the server has stored.
export const confirm = (clientID) => outbox.remove(clientID);

// send sends a text, and reports whether there was room for it.
export function send(conversationID, content) {
  const room = outbox.add({ client_id: newID(), content }, conversationID);
  changed();
  drain(conversationID);
  return room;
}

// stateOf says why an answer waits.
export function stateOf({ client_id }) {
  const { name, why } = connection.state;
  if (name === "refused") return "Not sent yet";
  if (why === "unreachable" || why === "offline") return "Waiting for a connection";
  return tried.has(client_id) || name === "retrying" ? "Not sent yet. Trying again…" : "Sending…";
}

// mayPost reports whether sockets are refused although the agent is logged in: at another address than BASE_URL.
const mayPost = () =>
  connection.state.name === "refused" && document.querySelector("meta[name=origin]").content !== location.origin;

async function drain(lane) {
  if (timer || !(socket.connected || mayPost())) return;
  const stopped = await outbox.drain(lane, emit, settled);
  if (!stopped) {
    waits = 0;
    return;
  }
  if (stopped.error !== "rate_limited" && !mayPost()) return connection.report(stopped);
  timer = setTimeout(
    () => {
      timer = undefined;
      drainAll();
    },
    waitFor(waits++, stopped.retry_after_ms),
  );
  changed();
}

function drainAll() {
  for (const lane of new Set(outbox.all().map((message) => message.lane))) drain(lane);
}

function settled({ client_id, lane, content }, ack) {
  if (ack.ok && socket.connected) return; // an event follows
  if (ack.ok) return changed();
  outbox.remove(client_id);
  changed();
  const detail = { id: lane, content, message: ack.message };
  document.dispatchEvent(new CustomEvent("parley:refused", { detail }));
}

// refuseOld returns answers that have waited too long to the composer.
export function refuseOld() {
  const message = "This answer could not be sent for a week. Send it again if it is still right.";
  for (const old of outbox.all()) if (old.failed) settled(old, { ok: false, message });
}

async function emit({ lane: conversation_id, content, client_id }) {
  const message = { conversation_id, content, client_id, content_type: "text", sender_type: "agent" };
  const ack = await (socket.connected ? request("send_message", message) : post(message));
  if (ack.ok) tried.delete(client_id);
  else tried.add(client_id);
  return ack;
}

const unavailable = { ok: false, error: "unavailable" };

async function post({ conversation_id, content, client_id }) {
  try {
    const answer = await fetchPart(`/inbox/${conversation_id}/messages`, {
      method: "POST",
      headers: { "HX-Request": "true", "HX-Request-Type": "partial", "X-CSRFToken": csrfToken() },
      body: new URLSearchParams({ content, client_id }),
    });
    if (answer.ok) return { ok: true };
    return answer.status < 500 && answer.status !== 401 && answer.status !== 429
      ? { ok: false, error: "invalid_request", message: "Couldn't send. Try again." }
      : unavailable;
  } catch {
    return unavailable;
  }
}

// Also after each attempt to get up to date that failed, because only something else may be broken.
connection.watch(({ name, at }) => {
  changed();
  if (name === "online" || name === "refused" || at) drainAll();
});
