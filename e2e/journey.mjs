// What the tests share: users, their pages, and a check of every page's console.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test as base, expect } from "@playwright/test";

export { expect };

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// No page may log an error or violate its policy. Tests that provoke errors allow them by `mayLog`.
export const test = base.extend({
  mayLog: [undefined, { option: true }],
  newContext: async ({ browser, baseURL, mayLog }, use) => {
    const problems = [];
    const contexts = [];
    await use(async (options = {}) => {
      const context = await browser.newContext({ baseURL, ...options });
      contexts.push(context);
      context.on("console", (message) => {
        if (message.type() !== "error" && !/Content.Security.Policy/i.test(message.text())) return;
        const text = `${message.text()} ${message.location().url}`;
        if (!mayLog?.test(text)) problems.push(text);
      });
      context.on("weberror", (error) => problems.push(String(error.error())));
      // Closing the context cuts the network first. Errors from the page's last messages are not faults of the page.
      const close = context.close.bind(context);
      context.close = async () => {
        for (const event of ["console", "weberror"]) context.removeAllListeners(event);
        await close();
      };
      return context;
    });
    for (const context of contexts) await context.close();
    expect(problems).toEqual([]);
  },
  context: async ({ newContext }, use) => use(await newContext()),
});

let logins;

// people returns the logins that the demo page shows.
export async function people(context) {
  if (logins) return logins;
  const html = await (await context.request.get("/demo")).text();
  const [agent, admin] = [...html.matchAll(/<code>([^<]+)<\/code><\/td><td><code>([^<]+)<\/code>/g)].map(
    ([, email, password]) => ({ email, password }),
  );
  logins = { agent, admin };
  return logins;
}

export async function embedToken(context) {
  const html = await (await context.request.get("/demo")).text();
  return html.match(/data-embed-token="([^"]+)"/)[1];
}

export async function logIn(page, who) {
  await page.goto("/inbox");
  await page.getByLabel("Email").fill(who.email);
  await page.getByLabel("Password").fill(who.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.locator("#inbox")).toBeVisible();
}

// ada is the owner that setUp creates.
export const ada = { email: "ada@acme.example", password: "a good password" };

// setUp creates the first organization on a page that shows /setup. It leaves the owner logged in, on /welcome.
export async function setUp(page, { url, setupToken }) {
  await page.goto(url);
  await page.getByLabel("Setup token").fill(setupToken);
  await page.getByLabel("Organization").fill("Acme");
  await page.getByLabel("Your name").fill("Ada");
  await page.getByLabel("Email").fill(ada.email);
  await page.getByLabel("Password").fill(ada.password);
  await page.getByRole("button", { name: "Create organization" }).click();
}

let named = 0;

// openWidget opens the widget as an app's WebView does, and returns the end user's name, which the inbox shows.
export async function openWidget(page, { sessionID, name } = {}) {
  name ||= `Guest ${process.pid}-${++named}-${Date.now() % 100_000}`;
  const query = new URLSearchParams({
    embed_token: await embedToken(page.context()),
    session_id: sessionID || `e2e ${name}`,
    customer_name: name,
  });
  await page.goto(`/chat-widget?${query}`);
  return name;
}

export async function say(widget, text) {
  await widget.getByLabel("Message", { exact: true }).fill(text);
  await widget.getByLabel("Message", { exact: true }).press("Enter");
  await expect(sent(widget, text)).toBeVisible();
}

// sent finds a message of the end user that the server has acknowledged.
export const sent = (widget, text) => widget.locator("#messages > .own.sent").filter({ hasText: text }).first();
export const received = (widget, text) =>
  widget.locator("#messages > .message:not(.own)").filter({ hasText: text }).first();
// chooseButton finds the button that sends the choice of a dropdown that is not answered yet.
export const chooseButton = (widget) =>
  widget.locator(".message:not(.answered) .dropdown").getByRole("button", { name: "Send" });
export const row = (inbox, name) => inbox.locator(".row").filter({ hasText: name });
export const inThread = (inbox, text) => inbox.locator("#messages > .message").filter({ hasText: text }).first();

export async function openThread(inbox, name) {
  await row(inbox, name).click();
  await expect(inbox.locator("#thread-name")).toHaveText(name);
}

// answer writes as an agent. It returns once the server has stored the answer.
export async function answer(inbox, text) {
  await inbox.getByLabel("Message", { exact: true }).fill(text);
  await inbox.getByLabel("Message", { exact: true }).press("Enter");
  await expect(inThread(inbox, text).and(inbox.locator("[data-seq]"))).toBeVisible();
}

// openEditor opens the editor of a rich message.
export async function openEditor(inbox, type) {
  await inbox.locator("#attach summary").click();
  await inbox.locator("#attach").getByRole("link", { name: type }).click();
  await expect(inbox.locator("#rich-media-form")).toBeVisible();
}

// tabTo presses Tab until the locator has the focus.
export async function tabTo(page, locator) {
  for (let i = 0; i < 80; i++) {
    if (await locator.evaluate((node) => node === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`the keyboard does not reach ${locator}`);
}

// sideways returns by how many px a page, or its main part, scrolls sideways.
export const sideways = (page) =>
  page.evaluate(() =>
    Math.max(
      ...[document.documentElement, ...document.querySelectorAll("main")].map(
        (node) => node.scrollWidth - node.clientWidth,
      ),
    ),
  );

// violations returns what axe finds on a page or frame. It waits until animations end, because a color has no contrast
// halfway. It runs outside of the page's policy.
export async function violations(frame) {
  await frame.waitForLoadState(); // a page has boxes before it has its colors
  await frame.evaluate(() => {
    const ending = document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime !== Infinity);
    return Promise.allSettled(ending.map((one) => one.finished));
  });
  await frame.evaluate(axe);
  const found = await frame.evaluate(() => axe.run(document, { iframes: false }).then((result) => result.violations));
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
}

// broken are entries that something else has written to the storage of outboxes.
export const broken = (name) => ({
  [`parley_outbox:${name}:1`]: "{broken",
  [`parley_outbox:${name}:2`]: "null",
  "parley_outbox:other:3": "null",
  [`parley_outbox:${name}:4`]: JSON.stringify({ client_id: "4", content: 5, lane: "", at: Date.now() }),
  [`parley_outbox:${name}:5`]: JSON.stringify({ client_id: "5", lane: "", at: Date.now() }),
  [`parley_outbox:${name}:6`]: JSON.stringify({ client_id: "6", content: "no", lane: "", at: 1e300 }),
  [`parley_outbox:${name}:7`]: JSON.stringify({ client_id: "7", content: "no", lane: "", at: "now" }),
  [`parley_outbox:${name}:8`]: JSON.stringify({ client_id: "x", content: "no", lane: "", at: Date.now() }),
  [`parley_outbox:${name}:9`]: JSON.stringify({ content: "no", lane: "", at: Date.now() }),
  [`parley_outbox:${name}:10`]: JSON.stringify({ client_id: {}, content: {}, lane: "", at: Date.now() }),
  [`parley_outbox:${name}:y:11`]: JSON.stringify({ client_id: "11", content: "no", lane: "", at: Date.now() }),
  [`parley_outbox:${name}:12`]: JSON.stringify({
    client_id: "12",
    content: "no",
    lane: "",
    at: Date.now(),
    rich_media: "x",
  }),
});
