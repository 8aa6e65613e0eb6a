// A server for one test, with two agents, and end users that the test lets write.
import { io } from "socket.io-client";
import { test as base } from "./journey.mjs";
import { login, open, start } from "./parley.mjs";

export const test = base.extend({
  server: async ({ newContext }, use) => {
    const parley = await start({ env: { WIDGET_RATE_LIMIT: "off" } });
    const sockets = [];
    const contexts = [];
    const connect = (options) => {
      const socket = io(parley.url, { forceNew: true, transports: ["websocket"], ...options });
      sockets.push(socket);
      return async (event, payload) => {
        const ack = await socket.timeout(20_000).emitWithAck(event, payload);
        if (!ack.ok) throw new Error(`${event}: ${ack.message}`);
      };
    };
    const server = { url: parley.url, alex: parley.seeded.agent, ada: parley.seeded.admin };

    // endUser opens the widget under a name. say sends a message from it.
    server.endUser = async (name) => {
      const who = await open(parley.url, parley.seeded.embed_token, `e2e ${name}`, name);
      const call = connect();
      return {
        id: who.conversation_id,
        name,
        say: (content) => call("send_message", { ...who, content, sender_type: "end_user" }),
        visit: (visit) => call("visit", { ...who, ...visit }),
        read: (message_ids) => call("mark_read", { ...who, message_ids }),
      };
    };

    // agent is an agent without a page.
    server.agent = async (who) => {
      const { cookie } = await login(parley.url, who);
      const call = connect({ extraHeaders: { cookie } });
      return {
        view: async ({ id }) => {
          await call("join_conversation", { conversation_id: id });
          await call("view_conversation", { conversation_id: id, viewing: true });
        },
        claim: ({ id }) => call("claim_conversation", { conversation_id: id }),
        answer: ({ id }, content) => call("send_message", { conversation_id: id, content, sender_type: "agent" }),
      };
    };

    // inbox opens the inbox of an agent. It returns once the page receives events, which is when it asks for the list.
    server.inbox = async (who, context) => {
      const page = await context.newPage();
      const connected = page.waitForResponse(/\/inbox\/list/);
      await page.goto(`${parley.url}/inbox`);
      if (await page.getByLabel("Email").isVisible()) {
        await page.getByLabel("Email").fill(who.email);
        await page.getByLabel("Password").fill(who.password);
        await page.getByRole("button", { name: "Log in" }).click();
      }
      await connected;
      return page;
    };

    server.context = async (options) => {
      const context = await newContext({ baseURL: parley.url, ...options });
      contexts.push(context);
      return context;
    };
    await use(server);
    for (const context of contexts) await context.close(); // or its pages would report that the server is gone
    for (const socket of sockets) socket.disconnect();
    await parley.remove();
  },
});
