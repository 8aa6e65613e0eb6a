// The widget on other people's pages.
import { createServer } from "node:http";
import { embedToken, expect, received, say, sent, test } from "./journey.mjs";
import { start } from "./parley.mjs";

// A site of somebody else, with the page it is given and the strictest policy under which a widget can work.
async function site(page, policy) {
  const server = createServer((_, response) => {
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    if (policy) response.setHeader("Content-Security-Policy", policy);
    response.end(page);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return { url: `http://localhost:${server.address().port}`, close: () => server.close() };
}

const snippet = (url, token) => `<script src="${url}/chat-widget/embed.js" data-embed-token="${token}"></script>`;

test("the snippet, on another origin under a policy, twice, async, in the head", async ({ newContext, baseURL }) => {
  const context = await newContext();
  const tag = snippet(baseURL, await embedToken(context));
  const host = await site(`<!doctype html><title>Host</title><head>${tag.replace("<script", "<script async")}</head><body><h1>Host</h1>${tag}</body>`,
    `default-src 'none'; script-src ${baseURL}; frame-src ${baseURL}`);
  const page = await context.newPage();
  await page.goto(host.url);
  await expect(page.locator("iframe")).toHaveCount(1);
  const frame = page.locator("iframe");
  expect(await frame.evaluate((f) => { const s = getComputedStyle(f); return [s.position, s.width, s.height, s.bottom, s.right]; }))
    .toEqual(["fixed", "380px", "560px", "0px", "0px"]);
  const widget = page.frameLocator("iframe");
  await say(widget, "From another site");
  await page.reload();
  await expect(sent(widget, "From another site")).toBeVisible();
  const key = `cw_sid_${await embedToken(context)}`;
  const kept = await page.evaluate((k) => localStorage.getItem(k), key);
  expect(kept).toBeTruthy();
  host.close();
});

test("a known user by an iframe of one's own, as in the guide", async ({ newContext, baseURL }) => {
  const context = await newContext();
  const token = await embedToken(context);
  const user = `user_${Date.now()}`;
  const host = await site(`<!doctype html><title>Host</title><body><script>
    var iframe = document.createElement('iframe');
    iframe.src = '${baseURL}/chat-widget' + '?embed_token=${token}' + '&session_id=' + encodeURIComponent('${user}')
      + '&customer_name=' + encodeURIComponent('Alice Smith') + '&title=Support+Chat';
    document.body.appendChild(iframe);
  </script></body>`);
  const page = await context.newPage();
  await page.goto(host.url);
  const widget = page.frameLocator("iframe");
  await expect(widget.getByRole("heading", { name: "Support Chat" })).toBeVisible();
  await say(widget, "It is me");
  // The same person in another browser.
  const other = await (await newContext()).newPage();
  await other.goto(host.url);
  await expect(sent(other.frameLocator("iframe"), "It is me")).toBeVisible();
  await expect(received(other.frameLocator("iframe"), "told the team")).toBeVisible();
  host.close();
});

test.describe("an allow-list", () => {
  test.use({ mayLog: /frame-ancestors|403/ });
  test("lets its own site in and no other", async ({ newContext }) => {
    const parley = await start();
    await parley.stop();
    const mine = await site("", "");
    mine.close();
    const token = parley.allow(mine.url);
    await parley.again();
    const listed = await new Promise((resolve) => {
      const server = createServer((_, response) => {
        response.setHeader("Content-Type", "text/html");
        response.end(`<!doctype html><title>Mine</title><body>${snippet(parley.url, token)}</body>`);
      }).listen(Number(new URL(mine.url).port), "127.0.0.1", () => resolve(server));
    });
    const page = await (await newContext()).newPage();
    await page.goto(mine.url);
    await say(page.frameLocator("iframe"), "From the listed site");

    for (const policy of ["same-origin", "no-referrer"]) {
      // With a Referer the server refuses; without one the browser does.
      const foreign = await site(`<!doctype html><meta name="referrer" content="${policy === "same-origin" ? "unsafe-url" : policy}"><title>Foreign</title><body>${snippet(parley.url, token)}</body>`);
      const stranger = await (await newContext()).newPage();
      await stranger.goto(foreign.url);
      const frame = await (await stranger.waitForSelector("iframe")).contentFrame();
      await frame.waitForLoadState();
      await expect(stranger.frameLocator("iframe").locator("#composer")).toHaveCount(0);
      await stranger.context().close();
      foreign.close();
    }
    await page.context().close();
    listed.close();
    await parley.remove();
  });
});
