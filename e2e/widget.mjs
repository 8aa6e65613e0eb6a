// A server without limits, and conversations that are filled over sockets, which is quicker than by pages.
import { randomUUID } from "node:crypto";
import { io } from "socket.io-client";
import { test as base } from "./journey.mjs";
import { login, open, start } from "./parley.mjs";

const ACK_TIMEOUT = 20_000; // ms until an event without an acknowledgement counts as lost

async function call(socket, event, payload) {
  const ack = await socket.timeout(ACK_TIMEOUT).emitWithAck(event, payload);
  if (!ack.ok) throw new Error(`${event}: ${ack.message}`);
  return ack;
}

function conversations(parley) {
  const sockets = [];
  const connect = (options) => {
    const socket = io(parley.url, { transports: ["websocket"], forceNew: true, ...options });
    sockets.push(socket);
    return socket;
  };
  let agent;

  // startConversation makes a conversation that an agent has claimed, so that the bot is silent. Its end user has said
  // hello.
  async function startConversation(hello = "Hello") {
    if (!agent) {
      const { cookie } = await login(parley.url, parley.seeded.agent);
      agent = connect({ extraHeaders: { cookie } });
    }
    const sessionID = randomUUID();
    const who = await open(parley.url, parley.seeded.embed_token, sessionID);
    const endUser = connect();
    const { conversation_id } = who;
    const say = (content, rich_media) =>
      call(endUser, "send_message", { ...who, content, content_type: "text", rich_media, sender_type: "end_user" });
    await say(hello);
    await call(agent, "claim_conversation", { conversation_id });
    return {
      sessionID,
      who,
      say,
      agent,
      answer: (content, content_type = "text", rich_media = null) =>
        call(agent, "send_message", { conversation_id, content, content_type, rich_media, sender_type: "agent" }),
      read: (message_ids) => call(agent, "mark_read", { conversation_id, message_ids }),
      type: () => call(agent, "user_typing", { conversation_id, sender_type: "agent" }),
      url: (query = "") =>
        `${parley.url}/chat-widget?embed_token=${parley.seeded.embed_token}&session_id=${sessionID}${query}`,
    };
  }

  const close = () => {
    for (const socket of sockets) socket.disconnect();
  };
  return { startConversation, close };
}

export const test = base.extend({
  // The page has the size that the loader gives the frame.
  newContext: async ({ newContext }, use) =>
    use((options) => newContext({ viewport: { width: 380, height: 560 }, ...options })),
  parley: [
    async ({}, use) => {
      const parley = await start({ env: { WIDGET_RATE_LIMIT: "off" } });
      await use(parley);
      await parley.remove();
    },
    { scope: "worker" },
  ],
  startConversation: [
    async ({ parley }, use) => {
      const { startConversation, close } = conversations(parley);
      await use(startConversation);
      close();
    },
    { scope: "worker" },
  ],
});
