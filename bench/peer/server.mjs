// The peer of the benchmark: the hot path of a chat (join, type, send) as a Node team would write it with the
// official socket.io server and a pg pool. A message is one transaction; after the commit the room receives the message
// and the sender its acknowledgement. It has no login, widget, bot or queue view, so it does less than Parley.
//
//   DATABASE_URL=postgres://… PORT=3001 node server.mjs             messages are stored
//   PORT=3001 node server.mjs --memory                              nothing is stored: measures the real-time layer alone
//
// POST /provision?n=500 creates n conversations and answers [{"conversation_id": …, "external_id": …}, …].
import { createServer } from "node:http";
import { Server } from "socket.io";
import { openMemory, openPostgres } from "./store.mjs";

const store = process.argv.includes("--memory") ? openMemory() : await openPostgres(process.env.DATABASE_URL);

const http = createServer(async (request, response) => {
  const url = new URL(request.url, "http://peer");
  if (request.method !== "POST" || url.pathname !== "/provision") {
    response.writeHead(404).end();
    return;
  }
  const conversations = await store.provision(Number(url.searchParams.get("n") ?? 1));
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(conversations));
});

const io = new Server(http, { serveClient: false });
const room = (conversationID) => `conv:${conversationID}`;

io.on("connection", (socket) => {
  // Runs a handler and answers: an acknowledgement if the client requested one, and `error` on failure.
  const on = (event, handler) =>
    socket.on(event, async (payload, acknowledge) => {
      const answer = typeof acknowledge === "function" ? acknowledge : () => {};
      try {
        answer({ ok: true, ...(await handler(payload ?? {})) });
      } catch (error) {
        const message = error.public ? error.message : "Something went wrong";
        socket.emit("error", { message });
        answer({ ok: false, message });
      }
    });

  on("join_conversation", async ({ conversation_id, external_id }) => {
    const conversation = await store.conversation(conversation_id, external_id);
    await socket.join(room(conversation.id));
  });

  socket.on("user_typing", (payload, acknowledge) => {
    const { conversation_id, sender_type } = payload ?? {};
    const joined = socket.rooms.has(room(conversation_id));
    if (joined) socket.to(room(conversation_id)).emit("typing_indicator", { conversation_id, sender_type });
    if (typeof acknowledge === "function") acknowledge({ ok: joined });
  });

  on("send_message", async (payload) => {
    const conversation = await store.conversation(payload.conversation_id, payload.external_id);
    const message = await store.add(conversation, payload);
    io.to(room(conversation.id)).emit("message_received", message);
    io.to("org:peer:queue").emit("conversation_updated", {
      conversation_id: message.conversation_id,
      sender_type: message.sender_type,
      content_type: message.content_type,
      content: message.content,
    });
    return { message };
  });
});

http.listen(Number(process.env.PORT ?? 3001), "127.0.0.1", () => console.log(`peer on port ${http.address().port}`));
