// The widget stays connected and loses nothing that was typed.
import { broken, expect, received, say, sent, violations } from "./journey.mjs";
import { test } from "./widget.mjs";
import { answerFor, loseEvents, refuseConnects, swallow } from "./wire.mjs";

test.use({ mayLog: /WebSocket|ERR_|Failed to (load|fetch)/ });

const field = (page) => page.getByLabel("Message", { exact: true });
const unsent = (page) => page.locator("#messages > .own.sending");
const own = (page) => page.locator("#messages > .own .bubble");
const banner = (page) => page.locator("#state");
const joined = (page) => expect(page.locator("#presence")).toBeVisible();

async function write(page, text) {
  await field(page).fill(text);
  await field(page).press("Enter");
}

// firstOwn runs in the page and returns the id of the end user's first message.
async function firstOwn({ conversation_id, external_id }) {
  const answer = await fetch(`/chat-widget/history/${conversation_id}?external_id=${external_id}`);
  return (await answer.json()).find(({ sender_type }) => sender_type === "end_user").id;
}

// stopped makes the server answer no message of the page until it is let go.
async function stopped(page, ack = { ok: false, error: "unavailable", message: "Not now.", retry_after_ms: 100 }) {
  const gate = { open: false, tries: [] };
  await answerFor(page, (name, payload) => {
    if (name !== "send_message") return undefined;
    gate.tries.push(payload);
    return gate.open ? undefined : ack;
  });
  return gate;
}

test("a connect that is refused for now is tried again, and the banner says why and when", async ({
  newContext,
  startConversation,
}) => {
  const conversation = await startConversation("Anybody?");
  const page = await (await newContext()).newPage();
  let refusal = { error: "unavailable", retry_after_ms: 2_000 };
  await refuseConnects(page, () => refusal);
  await page.goto(conversation.url());
  await expect(banner(page)).toContainText("There's a problem on our side.");
  await expect(banner(page)).toContainText(/Next try in [1-3] s/);
  await write(page, "Typed without a connection");
  await expect(unsent(page)).toContainText("Saved, not sent yet. We keep trying.");
  expect(await violations(page)).toEqual([]);
  refusal = undefined;
  await expect(sent(page, "Typed without a connection")).toBeVisible();
  await expect(banner(page)).toBeEmpty();
  await conversation.answer("Here I am");
  await expect(received(page, "Here I am")).toBeVisible();
});

for (const [what, answer] of Object.entries({
  "a page": { contentType: "text/html", body: "<h1>Log in to Free Wi-Fi</h1>" },
  "empty JSON": { json: "" },
  "an error in JSON": { status: 403, json: { error: "forbidden", message: "Log in to Free Wi-Fi." } },
})) {
  test(`${what} from something on the way is not taken for an empty history`, async ({
    newContext,
    startConversation,
  }) => {
    const conversation = await startConversation("Anybody?");
    const context = await newContext();
    let on = true;
    await context.route(/chat-widget\/history/, (route) => (on ? route.fulfill(answer) : route.fallback()));
    const page = await context.newPage();
    await page.goto(conversation.url());
    await expect(banner(page)).toContainText(/Next try in/);
    await expect(page.locator("#older")).toContainText("Retry");
    on = false;
    await expect(own(page)).toHaveText(["Anybody?"]);
    await expect(banner(page)).toBeEmpty();
  });
}

test("a connect that is refused for good is shown and not tried again", async ({ newContext, startConversation }) => {
  const conversation = await startConversation("Anybody?");
  const page = await (await newContext()).newPage();
  let tries = 0;
  await refuseConnects(page, () => ++tries && { error: "forbidden" });
  await page.goto(conversation.url());
  await expect(banner(page)).toHaveText("This chat is no longer available.");
  await expect(field(page)).toBeDisabled();
  expect(tries).toBe(1);
});

test("a join that fails for now is tried again over the same socket", async ({ newContext, startConversation }) => {
  const conversation = await startConversation("Anybody?");
  const page = await (await newContext()).newPage();
  const sockets = [];
  let joins = 0;
  await answerFor(page, (name) => {
    if (name === "join_conversation" && ++joins < 3)
      return { ok: false, error: "unavailable", message: "Not now.", retry_after_ms: 50 };
  });
  page.on("websocket", (socket) => sockets.push(socket));
  await page.goto(conversation.url());
  await joined(page);
  await expect(field(page)).toBeEnabled();
  expect(joins).toBe(3);
});

test("unsent messages survive a reload and are sent once, in their order, with the same ids", async ({
  newContext,
  startConversation,
}) => {
  const conversation = await startConversation("Anybody?");
  const context = await newContext();
  const page = await context.newPage();
  const gate = await stopped(page);
  await page.goto(conversation.url());
  await joined(page);
  for (const text of ["one", "two", "three"]) await write(page, text);
  await expect(unsent(page)).toHaveCount(3);
  await expect.poll(() => gate.tries.length).toBeGreaterThan(1);
  await page.reload();
  await expect(unsent(page).locator(".bubble")).toHaveText(["one", "two", "three"]);
  await expect(own(page)).toHaveText(["Anybody?", "one", "two", "three"]);
  gate.open = true;
  await expect(sent(page, "three")).toBeVisible();
  await expect(own(page)).toHaveText(["Anybody?", "one", "two", "three"]);
  expect(new Set(gate.tries.map(({ client_id }) => client_id)).size).toBe(3);

  // Another browser of the same end user has nothing of it but the messages.
  const other = await (await newContext()).newPage();
  await other.goto(conversation.url());
  await expect(own(other)).toHaveText(["Anybody?", "one", "two", "three"]);
  await page.reload();
  await expect(own(page)).toHaveText(["Anybody?", "one", "two", "three"]);
  expect(await page.evaluate(() => Object.keys(localStorage).filter((key) => /outbox/.test(key)))).toEqual([]);
});

test("entries of the outbox that cannot be read harm nothing", async ({ newContext, startConversation }) => {
  const conversation = await startConversation("Anybody?");
  const page = await (await newContext()).newPage();
  const gate = await stopped(page);
  gate.open = true;
  await page.goto(conversation.url());
  await joined(page);
  const fill = (entries) => Object.assign(localStorage, entries);
  const entries = broken(conversation.conversation_id);
  await page.evaluate(fill, entries);
  await write(page, "beside them");
  await expect(sent(page, "beside them")).toBeVisible();
  await page.evaluate(fill, entries);
  await page.reload();
  await write(page, "after them");
  await expect(sent(page, "after them")).toBeVisible();
  await expect(own(page)).toHaveText(["Anybody?", "beside them", "after them"]);
  expect(gate.tries.map(({ content }) => content)).toEqual(["beside them", "after them"]);
});

// stored puts a message into the outbox of a conversation.
const stored = (page, { conversation_id }, message) =>
  page.evaluate(
    ([key, text]) => localStorage.setItem(key, text),
    [`parley_outbox:${conversation_id}:${message.client_id}`, JSON.stringify({ lane: "", ...message })],
  );

const WEEK = 7 * 86_400_000; // ms

test("a message that has waited for more than a week is not sent by itself, and goes a week later", async ({
  newContext,
  startConversation,
}) => {
  const conversation = await startConversation("Anybody?");
  const page = await (await newContext()).newPage();
  const gate = await stopped(page);
  gate.open = true;
  await page.goto(conversation.url());
  await joined(page);
  const old = { content: "from long ago", at: Date.now() - WEEK - 1000 };
  await stored(page, conversation.who, { ...old, client_id: "old" });
  await stored(page, conversation.who, { ...old, client_id: "older", failed: "old", content: "from longer ago" });
  await stored(page, conversation.who, { ...old, client_id: "odd", at: Date.now(), failed: "constructor" });
  for (let i = 0; i < 2; i++) {
    await page.reload();
    await joined(page);
    const failed = page.locator("#messages > .own.failed");
    await expect(failed).toContainText([/from long ago.*Couldn't send\./s, /from long ago.*Couldn't send\./s]);
    expect(gate.tries).toEqual([]);
  }
  const late = page.locator("#messages > .own.failed").first();
  await late.getByRole("button", { name: "Retry" }).click();
  await expect(sent(page, "from long ago")).toBeVisible();
});

test("a clock that jumps by a week stops no message", async ({ newContext, startConversation }) => {
  const conversation = await startConversation("Anybody?");
  const page = await (await newContext()).newPage();
  const gate = await stopped(page);
  await page.goto(conversation.url());
  await joined(page);
  await write(page, "before the jump");
  await expect.poll(() => gate.tries.length).toBeGreaterThan(0);
  await page.evaluate((jump) => {
    const now = Date.now;
    Date.now = () => now() + jump;
  }, WEEK + 1000);
  gate.open = true;
  await expect(sent(page, "before the jump")).toBeVisible();
});

test("a message that finds no room says so", async ({ newContext, startConversation }) => {
  const conversation = await startConversation("Anybody?");
  const page = await (await newContext()).newPage();
  await stopped(page);
  await page.goto(conversation.url());
  await joined(page);
  await page.evaluate((name) => {
    for (let i = 0; i < 50; i++) {
      const message = { client_id: `full-${i}`, content: `Number ${i}`, lane: "", at: Date.now() + i };
      localStorage.setItem(`parley_outbox:${name}:full-${i}`, JSON.stringify(message));
    }
  }, conversation.who.conversation_id);
  await page.reload();
  await expect(unsent(page)).toHaveCount(50);
  await write(page, "The last straw");
  const failed = page.locator("#messages > .own.failed");
  await expect(failed).toContainText("The last straw");
  await expect(failed).toContainText("Couldn't send: too many messages are waiting.");
});

test("a message that is not stored asks to keep the page open", async ({ newContext, startConversation }) => {
  const conversation = await startConversation("Anybody?");
  const page = await (await newContext()).newPage();
  await page.addInitScript(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
  });
  const gate = await stopped(page);
  await page.goto(conversation.url());
  await joined(page);
  await write(page, "Only here");
  await expect(unsent(page)).toContainText("Not sent yet. Keep this page open.");
  gate.open = true;
  await expect(sent(page, "Only here")).toBeVisible();
});

test("two tabs show an unsent message once, and only one sends", async ({ newContext, startConversation }) => {
  const conversation = await startConversation("Anybody?");
  const context = await newContext();
  const [one, two] = [await context.newPage(), await context.newPage()];
  const gates = [await stopped(one), await stopped(two)];
  for (const page of [one, two]) {
    await page.goto(conversation.url());
    await joined(page);
  }
  await write(one, "from the first tab");
  await expect(own(two)).toHaveText(["Anybody?", "from the first tab"]);
  for (const gate of gates) gate.open = true;
  for (const page of [one, two]) {
    await expect(sent(page, "from the first tab")).toBeVisible();
    await expect(own(page)).toHaveText(["Anybody?", "from the first tab"]);
  }
  // A tab that was closed leaves its message to the other one.
  gates[0].open = false;
  gates[1].open = false;
  await write(one, "left behind");
  await expect(unsent(two)).toContainText("left behind");
  gates[1].open = true;
  await one.close();
  await expect(sent(two, "left behind")).toBeVisible({ timeout: 30_000 });
});

test("a message that is refused for good keeps its text, also after a reload, until it is deleted", async ({
  newContext,
  startConversation,
}) => {
  const conversation = await startConversation("Anybody?");
  const page = await (await newContext()).newPage();
  const gate = await stopped(page, { ok: false, error: "invalid_request", message: "No." });
  await page.goto(conversation.url());
  await joined(page);
  await write(page, "refused");
  const failed = page.locator("#messages > .own.failed");
  await expect(failed).toContainText("refused");
  await expect(failed).toContainText("Couldn't send.");
  await page.reload();
  await joined(page);
  await expect(failed).toContainText("Couldn't send.");
  expect(gate.tries).toHaveLength(1);
  gate.open = true;
  await failed.getByRole("button", { name: "Retry" }).click();
  await expect(sent(page, "refused")).toBeVisible();
  gate.open = false;
  await write(page, "refused again");
  await failed.getByRole("button", { name: "Delete" }).click();
  await expect(failed).toHaveCount(0);
  await page.reload();
  await expect(own(page)).toHaveText(["Anybody?", "refused"]);
});

test("a message beyond the limit waits and is sent by itself", async ({ newContext, startConversation }) => {
  const conversation = await startConversation("Anybody?");
  const page = await (await newContext()).newPage();
  const gate = await stopped(page, { ok: false, error: "rate_limited", message: "Slower.", retry_after_ms: 300 });
  await page.goto(conversation.url());
  await joined(page);
  await write(page, "too quick");
  await expect(unsent(page)).toContainText("Saved, not sent yet. We keep trying.");
  await expect(banner(page)).toBeEmpty();
  gate.open = true;
  await expect(sent(page, "too quick")).toBeVisible();
});

test("a lost message is fetched when the number of the newest one comes", async ({ newContext, startConversation }) => {
  const conversation = await startConversation("Anybody?");
  const page = await (await newContext()).newPage();
  const wire = await loseEvents(page, (name) => name === "message_received");
  let fetches = 0;
  page.on("request", (request) => /history/.test(request.url()) && fetches++);
  await page.goto(conversation.url());
  await joined(page);
  await conversation.answer("Lost on the way");
  const { conversation_id } = conversation.who;
  const before = fetches;
  wire.emit("last_seq", { conversation_id: "00000000-0000-4000-8000-000000000000", last_seq: 99 });
  wire.emit("last_seq", { conversation_id, last_seq: 1 }); // not newer
  wire.emit("last_seq", { conversation_id, last_seq: 3 });
  await expect(received(page, "Lost on the way")).toBeVisible();
  expect(fetches).toBe(before + 1);
});

test("a read mark that was lost is shown when the page looks again", async ({ newContext, startConversation }) => {
  const conversation = await startConversation("Anybody?");
  const page = await (await newContext()).newPage();
  const wire = await loseEvents(page, () => true);
  await page.goto(conversation.url());
  await joined(page);
  await expect(page.getByText("Read", { exact: true })).toHaveCount(0);
  await conversation.read([await page.evaluate(firstOwn, conversation.who)]);
  wire.emit("look_again", { room: "presence" });
  await expect(sent(page, "Anybody?").getByText("Read", { exact: true })).toBeVisible();
});

const blocked = {
  "that nothing answers": swallow,
  "that the page may not open": (page) =>
    page.addInitScript(() => {
      window.WebSocket = class {
        constructor() {
          throw new Error("no WebSocket");
        }
      };
    }),
  "that the browser does not have": (page) => page.addInitScript(() => delete window.WebSocket),
};

for (const [how, block] of Object.entries(blocked)) {
  test(`a WebSocket ${how} gives way to polling, and the tab remembers it`, async ({
    newContext,
    startConversation,
  }) => {
    const conversation = await startConversation("Anybody?");
    const page = await (await newContext()).newPage();
    await block(page);
    await page.goto(conversation.url());
    await expect(page.locator("#presence")).toBeVisible({ timeout: 10_000 });
    await say(page, "By polling");
    await conversation.answer("Also by polling");
    await expect(received(page, "Also by polling")).toBeVisible();
    await page.reload();
    await expect(page.locator("#presence")).toBeVisible({ timeout: 4_000 });
    await say(page, "By polling again");
  });
}

test("the banner covers no message, moves no text that is read, and the header does not jump", async ({
  newContext,
  startConversation,
}) => {
  const conversation = await startConversation("Anybody?");
  const page = await (await newContext({ reducedMotion: "reduce" })).newPage();
  let refusing = false;
  await answerFor(page, (name) => {
    if (name === "join_conversation" && refusing) return { ok: false, error: "unavailable", retry_after_ms: 500 };
  });
  const top = (part) => part.evaluate((node) => Math.round(node.getBoundingClientRect().top));
  const appear = async () => {
    refusing = true;
    await page.evaluate(() => dispatchEvent(new Event("offline"))); // makes the page join again
    await expect(banner(page)).toContainText("There's a problem on our side.");
  };
  const vanish = async () => {
    refusing = false;
    await expect(banner(page)).toBeEmpty();
  };
  refusing = true;
  await page.goto(conversation.url());
  await expect(own(page)).toBeVisible();
  const title = page.getByRole("heading");
  const height = await top(title);
  await vanish();
  await joined(page);
  expect(await top(title)).toBe(height);
  await appear();
  expect(await top(title)).toBe(height);
  const covered = await banner(page).evaluate((node) => node.getBoundingClientRect().bottom);
  expect(await top(page.locator("#messages > .day"))).toBeGreaterThanOrEqual(Math.floor(covered));
  await vanish();

  for (let i = 1; i <= 30; i++) await conversation.say(`Line ${i}`);
  const newest = own(page).last();
  await expect(newest).toHaveText("Line 30");
  const middle = own(page).filter({ hasText: "Line 15" });
  for (const read of [newest, middle]) {
    if (read === middle) await page.locator("#log").evaluate((log) => (log.scrollTop = log.scrollHeight / 3));
    const before = await top(read);
    await appear();
    expect(Math.abs((await top(read)) - before)).toBeLessThanOrEqual(1);
    await vanish();
    expect(Math.abs((await top(read)) - before)).toBeLessThanOrEqual(1);
  }
});
