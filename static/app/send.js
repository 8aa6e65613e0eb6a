// Sends an agent's message: over the socket, or as the composer's form without a connection.
import { csrfToken } from "./csrf.js";
import { newID } from "./id.js";
import { request, socket } from "./socket.js";

const refused = { ok: false, message: "Couldn't send. Try again." };

// A failed message keeps its client_id, so that sending it again cannot store it twice.
let failed = {};

// send returns the acknowledgement. payload is a send_message without sender_type and client_id.
export async function send(payload) {
  const key = JSON.stringify(payload);
  const client_id = failed.key === key ? failed.client_id : newID();
  const message = { ...payload, sender_type: "agent", client_id };
  const ack = await (socket.connected ? request("send_message", message) : post(message));
  failed = ack.ok ? {} : { key, client_id };
  return ack;
}

async function post({ conversation_id, content, client_id, rich_media }) {
  if (rich_media) return { ok: false, message: "No connection. Try again in a moment." };
  try {
    const answer = await fetch(`/inbox/${conversation_id}/messages`, {
      method: "POST",
      headers: { "HX-Request": "true", "HX-Request-Type": "partial", "X-CSRFToken": csrfToken() },
      body: new URLSearchParams({ content, client_id }),
    });
    return answer.ok ? { ok: true } : refused;
  } catch {
    return refused;
  }
}
