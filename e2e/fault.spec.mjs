// PostgreSQL, Redis, a node, and all of them are taken away and brought back, with the widget open on one node and the
// inbox on the other: no reload, nothing that was typed is lost, banners are true, and both are complete again within
// seconds.
import { execFileSync } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { join } from "node:path";
import { io } from "socket.io-client";
import { gate } from "./gate.mjs";
import { expect, inThread, openThread, received, row, say, sent, test as base } from "./journey.mjs";
import { open, start } from "./parley.mjs";

const SOON = 5_000; // ms after the end of a fault in which every page is complete
const LEAST = Number(process.env.OUTAGE_SECONDS ?? 0) * 1_000; // ms that a fault lasts; longer if the pages need it

const { TEST_DATABASE_URL, TEST_REDIS_URL } = process.env;

function sql(statement) {
  const folder = execFileSync(".ci/find.sh", ["postgres"]).toString().trim();
  execFileSync(join(folder, "psql"), [TEST_DATABASE_URL, "-qc", statement], { cwd: "/" });
}

const test = base.extend({
  // Two nodes with a silent bot. take(what) takes it away and returns the function that brings it back.
  nodes: [
    async ({}, use) => {
      const name = `e2e_${randomBytes(6).toString("hex")}`;
      sql(`CREATE DATABASE ${name}`);
      const database = new URL(TEST_DATABASE_URL);
      database.pathname = name;
      const gates = { postgres: await gate(database.href), redis: await gate(TEST_REDIS_URL) };
      const env = {
        DATABASE_URL: gates.postgres.url,
        REDIS_URL: gates.redis.url,
        SECRET_KEY: randomBytes(32).toString("base64"),
        WIDGET_RATE_LIMIT: "off",
        LOG_LEVEL: "error",
      };
      const one = await start({ env, silent: true });
      const two = await start({ env, seeded: one.seeded });
      const parts = {
        postgres: [gates.postgres.close, gates.postgres.open],
        redis: [gates.redis.close, gates.redis.open],
        widget: [one.stop, one.restart],
        inbox: [two.stop, two.restart],
      };
      const take = async (...names) => {
        for (const part of names) await parts[part][0]();
        return async () => {
          for (const part of names) await parts[part][1]();
        };
      };
      await use({ one, two, take });
      await Promise.all([one.remove(), two.remove()]);
      for (const { close } of Object.values(gates)) close();
      sql(`DROP DATABASE ${name} WITH (FORCE)`);
    },
    { scope: "worker" },
  ],
  pages: async ({ newContext, nodes }, use) => {
    const { one, two } = nodes;
    const [widget, inbox] = [await (await newContext()).newPage(), await (await newContext()).newPage()];
    const name = `Customer ${randomUUID().slice(0, 8)}`;
    const query = new URLSearchParams({
      embed_token: one.seeded.embed_token,
      session_id: randomUUID(),
      customer_name: name,
    });
    await widget.goto(`${one.url}/chat-widget?${query}`);
    await say(widget, "Hello");
    await inbox.goto(`${two.url}/inbox`);
    await inbox.getByLabel("Email").fill(two.seeded.agent.email);
    await inbox.getByLabel("Password").fill(two.seeded.agent.password);
    await inbox.getByRole("button", { name: "Log in" }).click();
    await openThread(inbox, name);
    await write(inbox, "Welcome");
    await expect(received(widget, "Welcome")).toBeVisible();
    const loads = [];
    for (const page of [widget, inbox]) page.on("load", () => loads.push(page.url()));
    await use({ widget, inbox, name });
    expect(loads).toEqual([]);
    expect(await widget.locator("#messages > .message .bubble").allTextContents()).toEqual(
      (await inbox.locator("#messages > .message .message-text").allTextContents()).map((text) => text.trim()),
    );
  },
});

test.use({ mayLog: /./ }); // browsers log every connection that fails
test.describe.configure({ mode: "serial" });
test.skip(!TEST_DATABASE_URL, "without PostgreSQL and Redis");

async function write(page, text) {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.getByLabel("Message", { exact: true }).press("Enter");
}

// newcomer writes to a node, and returns the name that the inbox shows.
async function newcomer({ url, seeded }) {
  const name = `Customer ${randomUUID().slice(0, 8)}`;
  const who = await open(url, seeded.embed_token, randomUUID(), name);
  const socket = io(url, { forceNew: true, transports: ["websocket"] });
  const message = { ...who, content: "Is anybody there?", sender_type: "end_user" };
  const { ok } = await socket.timeout(10_000).emitWithAck("send_message", message);
  expect(ok).toBe(true);
  socket.disconnect();
  return name;
}

const stored = (inbox, text) => inThread(inbox, text).and(inbox.locator("[data-seq]"));

// Each fault with what the pages say until it ends. A page says nothing if its own messages are still stored.
const away = /can't be reached|No connection/;
const problem = /problem/;
const faults = [
  { parts: ["postgres"], says: { widget: problem, inbox: problem } },
  { parts: ["redis"], says: {} },
  { parts: ["widget"], says: { widget: away } },
  { parts: ["inbox"], says: { inbox: away } },
  { parts: ["redis", "postgres", "widget", "inbox"], says: { widget: away, inbox: away } },
];

for (const { parts, says } of faults) {
  test(`${parts.join(", ")} away and back`, async ({ nodes, pages: { widget, inbox } }) => {
    test.setTimeout(90_000);
    const banners = { widget: widget.locator("#state"), inbox: inbox.locator("#offline") };
    const mine = { widget: sent(widget, "from the widget"), inbox: stored(inbox, "from the inbox") };
    const began = Date.now();
    const bringBack = await nodes.take(...parts);
    await write(widget, "from the widget");
    await write(inbox, "from the inbox");
    for (const side of ["widget", "inbox"]) {
      if (!says[side]) {
        await expect(mine[side]).toBeVisible();
        await expect(banners[side]).not.toContainText(/try/);
        continue;
      }
      await expect(banners[side]).toContainText(says[side], { timeout: 20_000 });
      await expect(banners[side]).toContainText(/Next try in [34] s/, { timeout: 20_000 }); // it has been away for a while
      await expect(mine[side]).toHaveCount(0);
    }
    const complete = [received(widget, "from the inbox"), stored(inbox, "from the widget"), ...Object.values(mine)];
    if (parts.join() === "redis") complete.push(row(inbox, await newcomer(nodes.one)));
    else for (const one of complete.slice(0, 2)) await expect(one).toHaveCount(0);
    do {
      for (const side of ["widget", "inbox"]) {
        const text = await banners[side].textContent();
        if (says[side]) expect(text).toMatch(says[side]);
        else expect(text).not.toMatch(/try/);
      }
      if (LEAST) await widget.waitForTimeout(200);
    } while (Date.now() - began < LEAST);
    await bringBack();
    await expect(async () => {
      for (const one of complete) await expect(one).toBeVisible({ timeout: 10 });
      await expect(banners.widget).toBeEmpty({ timeout: 10 });
      await expect(banners.inbox).toBeHidden({ timeout: 10 });
    }).toPass({ timeout: SOON, intervals: [100] });
  });
}
