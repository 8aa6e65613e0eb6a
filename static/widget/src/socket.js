// The page's one socket.
import { who } from "./page.js";

const ACK_TIMEOUT = 10_000; // ms until an unanswered event counts as lost

export const socket = io({
  auth: { role: "end_user" }, // even where an agent is logged in in the same browser
  transports: ["websocket", "polling"],
  tryAllTransports: true,
  autoConnect: false,
});

// request returns the acknowledgement, or { ok: false, error: "lost" } if none comes in time.
export function request(event, payload) {
  return new Promise((resolve) => {
    socket.timeout(ACK_TIMEOUT).emit(event, { ...who, ...payload }, (lost, ack) => {
      resolve(lost ? { ok: false, error: "lost" } : ack);
    });
  });
}

// listen calls listener for an event of this conversation.
export function listen(event, listener) {
  socket.on(event, (payload) => {
    if (payload.conversation_id === who.conversation_id) listener(payload);
  });
}
