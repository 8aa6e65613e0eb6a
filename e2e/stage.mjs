// A server of a test's own, without limits, and conversations on it that are filled by sockets: quicker than any page.
import { randomUUID } from "node:crypto";
import { io } from "socket.io-client";
import { test as base } from "./journey.mjs";
import { login, open, start } from "./parley.mjs";

const PATIENCE = 20_000; // ms until what must be acknowledged counts as lost

async function call(socket, event, payload) {
  const ack = await socket.timeout(PATIENCE).emitWithAck(event, payload);
  if (!ack.ok) throw new Error(`${event}: ${ack.message}`);
  return ack;
}

async function makeStage() {
  const parley = await start({ env: { WIDGET_RATE_LIMIT: "off" } });
  const sockets = [];
  const connect = (options) => {
    const socket = io(parley.url, { transports: ["websocket"], forceNew: true, ...options });
    sockets.push(socket);
    return socket;
  };
  let agent;

  // talk is a conversation that an agent has claimed. Its end user has said hello, and the bot is silent from now on.
  async function talk(hello = "Hello") {
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

  return {
    parley,
    talk,
    close: async () => {
      for (const socket of sockets) socket.disconnect();
      await parley.remove();
    },
  };
}

export const test = base.extend({
  // The size that the loader gives the frame.
  newContext: async ({ newContext }, use) =>
    use((options) => newContext({ viewport: { width: 380, height: 560 }, ...options })),
  stage: [
    async ({}, use) => {
      const stage = await makeStage();
      await use(stage);
      await stage.close();
    },
    { scope: "worker" },
  ],
});
