// The agent's one socket. The login cookie identifies the agent. inbox.js connects it after all modules have added
// their listeners.
const ACK_TIMEOUT = 10_000; // ms until a request counts as lost

export const socket = io({ autoConnect: false, transports: ["websocket", "polling"], tryAllTransports: true });

// request emits an event and returns its acknowledgement. It never rejects: a lost one looks like a refusal.
export function request(event, ...payload) {
  return new Promise((resolve) => {
    socket.timeout(ACK_TIMEOUT).emit(event, ...payload, (lost, ack) => {
      resolve(lost ? { ok: false, error: "lost", message: "The server did not answer. Try again." } : ack);
    });
  });
}

// After a disconnect by the server the client does not reconnect by itself.
socket.on("disconnect", (reason) => {
  if (reason === "io server disconnect") setTimeout(() => socket.connect(), 1000);
});
