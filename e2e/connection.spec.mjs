// The connection is lost for a while: nothing is lost, and people can see it.
import { randomUUID } from "node:crypto";
import { io } from "socket.io-client";
import { answer, expect, inThread, openThread, received, say, sent, test } from "./journey.mjs";
import { freePort, open, start } from "./parley.mjs";

test.use({
  mayLog:
    /ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_INTERNET_DISCONNECTED|ERR_SOCKET|WebSocket (connection|is already in CLOSING)|Failed to load resource|Failed to fetch|503/,
});

// Each test has its own server, because it stops it.
let parley;
test.beforeEach(async () => {
  parley = await start({ env: { WIDGET_RATE_LIMIT: "off" } });
});
test.afterEach(() => parley.remove());

const widgetURL = (sessionID, name) =>
  `${parley.url}/chat-widget?embed_token=${parley.seeded.embed_token}&session_id=${sessionID}&customer_name=${name}`;

async function logIn(page) {
  await page.goto(`${parley.url}/inbox`);
  await page.getByLabel("Email").fill(parley.seeded.agent.email);
  await page.getByLabel("Password").fill(parley.seeded.agent.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.locator("#inbox")).toBeVisible();
}

test("at another address than BASE_URL the inbox names the right one", async ({ newContext }) => {
  await parley.remove();
  const ADDR = `127.0.0.1:${await freePort()}`;
  parley = await start({ env: { ADDR, BASE_URL: "http://chat.example" } });
  parley.url = `http://${ADDR}`;
  const agent = await (await newContext()).newPage();
  await logIn(agent);
  await expect(agent.locator("#offline")).toContainText(
    "Live updates work only at http://chat.example. Open Parley there",
  );
});

test("a restart of the server shows banners, keeps drafts and loses no message", async ({ newContext }) => {
  const page = await (await newContext()).newPage();
  const agent = await (await newContext()).newPage();
  await page.goto(widgetURL("restart", "Rita"));
  await say(page, "before");
  await logIn(agent);
  await openThread(agent, "Rita");
  await agent.getByRole("button", { name: "Claim" }).click();
  await answer(agent, "I am here");
  await expect(received(page, "I am here")).toBeVisible();

  await parley.stop();
  await expect(agent.locator("#offline")).toBeVisible();
  await expect(page.locator("#state")).toContainText(/offline|No connection/);
  await page.getByLabel("Message", { exact: true }).fill("written while away");
  await page.getByLabel("Message", { exact: true }).press("Enter");
  await expect(page.getByText("Saved. Waiting for a connection.")).toBeVisible();
  await agent.getByLabel("Message", { exact: true }).fill("also written while away");
  await agent.getByLabel("Message", { exact: true }).press("Enter");
  await expect(agent.locator(".message-sending")).toContainText("also written while away");
  await expect(agent.locator(".message-sending")).toContainText("Waiting for a connection");

  await parley.restart();
  await expect(sent(page, "written while away")).toBeVisible({ timeout: 30_000 });
  await expect(agent.locator("#offline")).toBeHidden({ timeout: 30_000 });
  await expect(page.locator("#state")).toBeEmpty();
  await expect(inThread(agent, "written while away")).toBeVisible();
  await expect(received(page, "also written while away")).toBeVisible();
  await expect(agent.locator("#messages > .message").filter({ hasText: "written while away" })).toHaveCount(2);

  await page.reload();
  for (const text of ["before", "written while away"]) await expect(sent(page, text)).toBeVisible();
  await expect(page.locator("#messages > .own")).toHaveCount(2);
});

test("a reconnect fetches all missed messages, also more than one page", async ({ newContext }) => {
  const context = await newContext();
  const page = await context.newPage();
  await page.goto(widgetURL("away", "Aya"));
  await say(page, "before");
  await context.setOffline(true);
  await expect(page.locator("#state")).toContainText(/offline|No connection/, { timeout: 50_000 });
  const who = await open(parley.url, parley.seeded.embed_token, "away");
  const socket = io(parley.url, { transports: ["websocket"] });
  for (let i = 0; i < 130; i++) {
    const message = { ...who, content: `missed ${i} ${randomUUID()}`, sender_type: "end_user" };
    const ack = await socket.timeout(10_000).emitWithAck("send_message", message);
    expect(ack.ok).toBe(true);
  }
  socket.disconnect();
  await context.setOffline(false);
  await expect(page.locator("#messages > .own")).toHaveCount(131, { timeout: 30_000 }); // and the bot's answers between
  await expect(page.locator("#messages > .message[data-seq]")).toHaveCount(262);
});
