// The agent's one socket. The session cookie says who it is; inbox.js connects it when everybody listens.
const ACK_TIMEOUT = 10_000; // ms until a request counts as lost

export const socket = io({ autoConnect: false, transports: ["websocket", "polling"], tryAllTransports: true });

// Emits an event and answers its acknowledgement. Never rejects: a lost one looks like a refused one.
export function request(event, ...payload) {
  return new Promise((resolve) => {
    socket.timeout(ACK_TIMEOUT).emit(event, ...payload, (lost, ack) => {
      resolve(lost ? { ok: false, error: "lost", message: "The server did not answer. Try again." } : ack);
    });
  });
}

// After the server's own goodbye the client does not come back by itself.
socket.on("disconnect", (reason) => {
  if (reason === "io server disconnect") setTimeout(() => socket.connect(), 1000);
});
