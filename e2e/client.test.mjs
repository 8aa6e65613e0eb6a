// The official Socket.IO client against the program, connected as in the integration guide's examples.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { Manager, io } from "socket.io-client";
import { login, open, start } from "./parley.mjs";

const EVENT_TIMEOUT = 20_000; // ms until a missing event fails the test

let parley;
before(async () => (parley = await start({ env: { WIDGET_RATE_LIMIT: "off" } })));
after(() => parley.remove());

const transports = {
  websocket: { transports: ["websocket"] },
  polling: { transports: ["polling"] },
  "default upgrade": {},
};

function next(socket, event) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${event}`)), EVENT_TIMEOUT);
    socket.once(event, (payload) => {
      clearTimeout(timer);
      resolve(payload);
    });
  });
}

// collect waits for several events. Two calls of next could miss one, because two events may arrive in one packet.
function collect(socket, event, count) {
  const payloads = [];
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`only ${payloads.length} of ${count} ${event}`)), EVENT_TIMEOUT);
    socket.on(event, (payload) => {
      if (payloads.push(payload) < count) return;
      clearTimeout(timer);
      resolve(payloads);
    });
  });
}

const call = (socket, event, ...payload) => socket.timeout(EVENT_TIMEOUT).emitWithAck(event, ...payload);
const visit = () => open(parley.url, parley.seeded.embed_token, randomUUID());
const say = (who, content) => ({ ...who, content, content_type: "text", sender_type: "end_user" });

// connect opens a socket that is closed when the test ends, also when it fails.
function connect(t, url, options) {
  const socket = io(url, { forceNew: true, ...options });
  t.after(() => socket.disconnect());
  return socket;
}

async function agent(t, options = {}) {
  const { cookie, csrf } = await login(parley.url, parley.seeded.agent);
  const socket = connect(t, parley.url, { extraHeaders: { cookie }, ...options });
  await next(socket, "connect");
  return { socket, cookie, csrf };
}

for (const [name, options] of Object.entries(transports)) {
  describe(name, () => {
    test("an end user and an agent can talk", async (t) => {
      const who = await visit();
      const socket = connect(t, parley.url, options);
      socket.emit("join_conversation", who);
      socket.emit("send_message", say(who, "Hello, I need help"));
      const first = await next(socket, "message_received");
      assert.equal(first.content, "Hello, I need help");
      assert.equal(first.sender_id, who.external_id);

      const { socket: inbox } = await agent(t, options);
      assert.equal((await call(inbox, "join_queue")).ok, true);
      const assigned = next(inbox, "conversation_assigned");
      inbox.emit("claim_conversation", { conversation_id: who.conversation_id });
      assert.equal((await assigned).conversation_id, who.conversation_id);
      const arrived = next(socket, "message_received");
      inbox.emit("send_message", {
        conversation_id: who.conversation_id,
        content: "Hi! How can I help you today?",
        content_type: "text",
        sender_type: "agent",
      });
      assert.equal((await arrived).content, "Hi! How can I help you today?");
      const typing = next(socket, "typing_indicator");
      inbox.emit("user_typing", { conversation_id: who.conversation_id, sender_type: "agent" });
      const { conversation_id, sender_type } = await typing;
      assert.deepEqual(
        { conversation_id, sender_type },
        { conversation_id: who.conversation_id, sender_type: "agent" },
      );
    });

    test("a burst of 1,000 messages arrives complete and in order", async (t) => {
      const who = await visit();
      const socket = connect(t, parley.url, options);
      const peer = connect(t, parley.url, options);
      await call(socket, "join_conversation", who);
      await call(peer, "join_conversation", who);
      const all = collect(peer, "message_received", 2000); // the bot answers each
      const acks = await Promise.all(
        Array.from({ length: 1000 }, (_, i) => call(socket, "send_message", say(who, `${i}`))),
      );
      const arrived = await all;
      assert.ok(acks.every((ack) => ack.ok));
      assert.deepEqual(
        arrived.map(({ seq }) => seq),
        Array.from({ length: 2000 }, (_, i) => i + 1),
      );
      const own = arrived.filter(({ sender_type }) => sender_type === "end_user");
      assert.deepEqual(
        own.map(({ content }) => content),
        Array.from({ length: 1000 }, (_, i) => `${i}`),
      );
    });

    test("a failure without an acknowledgement is the error event, and with one the acknowledgement", async (t) => {
      const socket = connect(t, parley.url, options);
      await next(socket, "connect");
      const error = next(socket, "error");
      socket.emit("send_message", { content: "nowhere" });
      assert.deepEqual(Object.keys(await error), ["message"]);
      const ack = await call(socket, "send_message", { content: "nowhere" });
      assert.equal(ack.ok, false);
      assert.equal(ack.error, "invalid_request");
    });
  });
}

// The integration guide's examples, line by line: they must go on working as they are.
test("the integration guide's web example works", async (t) => {
  const who = await visit();
  const socket = connect(t, parley.url, { transports: ["websocket"], withCredentials: true });
  await next(socket, "connect");
  assert.equal((await call(socket, "join_conversation", who)).ok, true);
});

// mobile joins on connect, as the examples do, and then sends a message.
async function mobile(t, socket) {
  t.after(() => socket.disconnect());
  const who = await visit();
  socket.on("connect", () => socket.emit("join_conversation", who));
  const connected = next(socket, "connect");
  socket.connect();
  await connected;
  const arrived = collect(socket, "message_received", 2);
  socket.emit("send_message", say(who, "from the app"));
  const [own, answer] = await arrived;
  assert.equal(own.content, "from the app");
  assert.equal(answer.sender_type, "bot");
}

test("the integration guide's Android example works", async (t) => {
  const socket = io(parley.url, { forceNew: true, transports: ["websocket"], autoConnect: false });
  await mobile(t, socket);
});

test("the integration guide's iOS example works", async (t) => {
  // SocketManager begins with polling and upgrades; `.compress` enables compression.
  const manager = new Manager(parley.url, { autoConnect: false, perMessageDeflate: { threshold: 0 } });
  const socket = manager.socket("/");
  await mobile(t, socket);
});

test("the integration guide's Flutter example works", async (t) => {
  const socket = io(parley.url, { forceNew: true, transports: ["websocket"], autoConnect: false });
  await mobile(t, socket);
});

test("the integration guide's curl example works", async (t) => {
  const who = await visit();
  const socket = connect(t, parley.url, {});
  await call(socket, "send_message", say(who, "please claim me"));
  const { cookie, csrf } = await login(parley.url, parley.seeded.agent);
  const assigned = await fetch(`${parley.url}/api/conversations/${who.conversation_id}/assign`, {
    method: "POST",
    headers: { Cookie: cookie, "X-CSRFToken": csrf },
  });
  assert.equal(assigned.status, 200);
  assert.deepEqual(Object.keys(await assigned.json()), ["id", "assigned_agent_id", "assigned_at"]);
});

test("the snippets of the integration guide and the docs open a conversation", async () => {
  const loader = await (await fetch(`${parley.url}/chat-widget/embed.js`)).text();
  assert.match(loader, /data-embed-token/);
  const query = "session_id=user_7&customer_name=Alice+Smith&title=Support+Chat";
  const frame = `${parley.url}/chat-widget?embed_token=${parley.seeded.embed_token}&${query}`;
  const page = await (await fetch(frame)).text();
  assert.match(page, /data-external-id="user_7"/);
  assert.match(page, /Support Chat/);
});

// Last, because it stops the server.
test("a restart loses no acknowledged message, and the client reconnects", async (t) => {
  const who = await visit();
  const socket = connect(t, parley.url, {
    transports: ["websocket"],
    reconnectionDelay: 50,
    reconnectionDelayMax: 200,
  });
  await call(socket, "join_conversation", who);
  const acknowledged = [];
  let sent = 0;
  let sending = true;
  const loop = (async () => {
    while (sending) {
      const content = `${sent++}`;
      const ack = await socket
        .timeout(500)
        .emitWithAck("send_message", { ...say(who, content), client_id: content })
        .catch(() => ({}));
      if (ack.ok) acknowledged.push(content);
    }
  })();
  const reason = next(socket, "disconnect");
  await parley.stop();
  assert.ok(["transport close", "transport error"].includes(await reason));
  const back = next(socket, "connect");
  await parley.restart();
  await back;
  await call(socket, "join_conversation", who);
  sending = false;
  await loop;
  const url = `${parley.url}/chat-widget/history/${who.conversation_id}?external_id=${who.external_id}`;
  const stored = new Set();
  for (let seq = 0, list = []; seq === 0 || list.length; ) {
    list = await (await fetch(`${url}&after_seq=${seq}`)).json();
    for (const message of list) {
      assert.equal(message.seq, ++seq);
      if (message.sender_type === "end_user") {
        assert.ok(!stored.has(message.content), `${message.content} is stored twice`);
        stored.add(message.content);
      }
    }
    if (!list.length) break;
  }
  assert.ok(acknowledged.length > 0);
  for (const content of acknowledged) assert.ok(stored.has(content), `${content} was acknowledged and is lost`);
});
