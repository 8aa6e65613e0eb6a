// Large volumes: an inbox of 500 conversations and a conversation of 5,000 messages are as fast as small ones, and a
// day of messages does not fill the browser's memory.
import { io } from "socket.io-client";
import { expect, test } from "./journey.mjs";
import { open, start } from "./parley.mjs";

const BUDGET = 0.1; // s of main-thread time a live message may cost
const ON_PAGE = 301; // messages at most
const NODES = 15_000; // on a page with that many messages and fifty rows, at most

let parley;
let socket;
let who;
test.beforeAll(async () => {
  parley = await start({ env: { WIDGET_RATE_LIMIT: "off" }, silent: true });
  await parley.stop();
  const sessionID = parley.fill(500, 5000);
  await parley.restart();
  who = await open(parley.url, parley.seeded.embed_token, sessionID);
  socket = io(parley.url, { transports: ["websocket"] });
});
test.afterAll(async () => {
  socket.disconnect();
  await parley.remove();
});

const say = (content) =>
  socket
    .timeout(10_000)
    .emitWithAck("send_message", { ...who, content, content_type: "text", sender_type: "end_user" });

async function logIn(page) {
  await page.goto(`${parley.url}/inbox?filter=all`);
  await page.getByLabel("Email").fill(parley.seeded.agent.email);
  await page.getByLabel("Password").fill(parley.seeded.agent.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.locator(".row")).toHaveCount(50);
}

async function openLong(page) {
  await logIn(page);
  await page.locator(`.row[data-conversation-id="${who.conversation_id}"]`).click();
  await expect(page.locator("#thread-name")).toHaveText("Long Story");
  const claim = page.getByRole("button", { name: "Claim" });
  if (await claim.isVisible()) await claim.click(); // silences the bot
  await expect(page.getByText("Assigned to you")).toBeVisible();
  await expect(page.locator("#messages > .message")).toHaveCount(50);
}

// meter reads the processor time of the page's main thread, in s. Other load on the machine does not count.
async function meter(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const read = async (name) =>
    (await session.send("Performance.getMetrics")).metrics.find((metric) => metric.name === name).value;
  return {
    busy: () => read("TaskDuration"),
    async memory() {
      for (let i = 0; i < 3; i++) await session.send("HeapProfiler.collectGarbage");
      return { heap: await read("JSHeapUsedSize"), nodes: (await session.send("Memory.getDOMCounters")).nodes };
    },
  };
}

const firstSeq = (page) => page.locator("#messages > .message").first().getAttribute("data-seq").then(Number);
const thread = "#messages > .message:last-of-type";
const preview = () => `.row[data-conversation-id="${who.conversation_id}"] .row-preview`;

// shows resolves once the last match of selector contains text. It observes changes, because polling would be load too.
const shows = (page, selector, text) =>
  page.evaluate(
    ([selector, text]) =>
      new Promise((resolve) => {
        const observer = new MutationObserver(look);
        observer.observe(document.body, { subtree: true, childList: true, characterData: true });
        function look() {
          if (![...document.querySelectorAll(selector)].at(-1)?.textContent.includes(text)) return;
          observer.disconnect();
          resolve();
        }
        look();
      }),
    [selector, text],
  );

test("a live message costs less than 100 ms of the main thread", async ({ newContext }) => {
  const page = await (await newContext()).newPage();
  await openLong(page);
  const { busy } = await meter(page);
  const live = async (text) => {
    await say(text);
    await shows(page, thread, text);
    await shows(page, preview(), text);
  };
  await live("warming up");
  await page.evaluate(() => {
    window.longest = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
    }).observe({ type: "longtask" });
  });
  const before = await busy();
  const rounds = 20;
  for (let i = 0; i < rounds; i++) await live(`live ${i}`);
  const each = ((await busy()) - before) / rounds;
  const longest = await page.evaluate(() => window.longest);
  test.info().annotations.push({
    type: "measured",
    description: `${(each * 1000).toFixed(1)} ms a live message, longest task ${longest.toFixed(0)} ms`,
  });
  expect(each).toBeLessThan(BUDGET);
});

test("a conversation of 5,000 messages scrolls up without a jump, and back to its end", async ({ newContext }) => {
  const page = await (await newContext()).newPage();
  await openLong(page);
  const log = page.locator("#log");
  expect(await log.evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight)).toBeLessThan(2);
  const messages = page.locator("#messages > .message");
  for (let i = 0; i < 8; i++) {
    const seq = await firstSeq(page);
    const first = page.locator(`[data-seq="${seq}"]`);
    const top = await log.evaluate((box, seq) => {
      box.scrollTop = 0; // the link comes into view
      return box.querySelector(`[data-seq="${seq}"] .bubble`).getBoundingClientRect().top;
    }, seq);
    await expect.poll(() => firstSeq(page)).toBeLessThan(seq);
    expect(
      Math.abs((await first.locator(".bubble").evaluate((item) => item.getBoundingClientRect().top)) - top),
    ).toBeLessThan(1);
    expect(await messages.count()).toBeLessThanOrEqual(ON_PAGE);
  }
  await expect(page.locator("#later")).toHaveCount(1); // the end was removed from the page
  await say("while far above");
  await expect(page.locator("#newer")).toContainText("1 new");
  await expect(page.getByText("while far above", { exact: true })).toHaveCount(1); // only in the list
  await page.locator("#newer").click();
  await shows(page, thread, "while far above");
  await expect(page.locator("#newer")).toBeHidden();
  await expect(page.locator("#later")).toHaveCount(0);
});

test("memory does not grow over 1,000 live messages", async ({ newContext }) => {
  test.setTimeout(180_000);
  const page = await (await newContext()).newPage();
  await openLong(page);
  const { memory } = await meter(page);
  let sent = 0;
  const burst = async (count) => {
    for (const end = sent + count; sent < end; )
      await Promise.all(Array.from({ length: 10 }, () => say(`burst ${++sent}`)));
    await shows(page, thread, `burst ${sent}`);
    await shows(page, preview(), `burst ${sent}`);
  };
  await burst(400); // fills the page up to its limit
  const before = await memory();
  await burst(1000);
  const after = await memory();
  test.info().annotations.push({
    type: "measured",
    description: `heap ${before.heap} → ${after.heap} bytes, ${before.nodes} → ${after.nodes} nodes`,
  });
  expect(await page.locator("#messages > .message").count()).toBeLessThanOrEqual(ON_PAGE);
  expect(after.nodes).toBeLessThan(NODES);
  expect(after.heap).toBeLessThan(before.heap + 2_000_000);
  const seq = await firstSeq(page);
  await page.locator("#log").evaluate((box) => (box.scrollTop = 0));
  await expect.poll(() => firstSeq(page)).toBeLessThan(seq); // scrolling up loads earlier messages again
});
