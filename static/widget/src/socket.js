// The page's one socket.
import { keepConnected } from "../../app/connection.js";
import { who } from "./page.js";
import { unsent } from "./unsent.js";

export const connection = keepConnected({
  auth: { role: "end_user" }, // even where an agent is logged in in the same browser
  busy: () => unsent.all().length > 0,
});
export const { socket } = connection;

// request returns the acknowledgement, or { ok: false, error: "lost" } if none comes in time.
export const request = (event, payload) => connection.request(event, { ...who, ...payload });

// listen calls listener for an event of this conversation.
export function listen(event, listener) {
  socket.on(event, (payload) => {
    if (payload.conversation_id === who.conversation_id) listener(payload);
  });
}
