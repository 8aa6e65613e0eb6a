// The size limits of the widget, for the built files and as Chromium loads them.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import { embedToken, expect, openWidget, test } from "./journey.mjs";
import { site } from "./site.mjs";

const LOADER = 2_500; // bytes
const PAGE = 40_000; // bytes, all that the page loads
const REQUESTS = 5; // and one socket

const weight = (content) => brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
const built = (name) => weight(readFileSync(fileURLToPath(new URL(`../static/${name}`, import.meta.url))));

test("the loader stays within its size limit", () => {
  expect(built("widget/embed.js")).toBeLessThanOrEqual(LOADER);
});

test("the page stays within its limits of size and requests in every language", async ({ newContext }) => {
  const files = ["vendor/socket.io.min.js", "widget/widget.js", "widget/widget.css"].map(built).reduce((a, b) => a + b);
  for (const locale of ["en", "ar", "pl", "ja"]) {
    const page = await (await newContext({ locale })).newPage();
    const requests = [];
    const sockets = [];
    page.on("request", (request) => request.url().startsWith("data:") || requests.push(request));
    page.on("websocket", (socket) => sockets.push(socket));
    await openWidget(page);
    await expect(page.getByText("Hi, I am Pip.")).toBeVisible();
    await expect(page.locator("#presence")).toBeVisible(); // the socket has joined
    expect(
      requests.map((request) => request.url()).length,
      requests.map((request) => request.url()).join("\n"),
    ).toBeLessThanOrEqual(REQUESTS);
    expect(sockets).toHaveLength(1);
    const html = await (await requests[0].response()).body();
    const rest = await Promise.all(
      requests
        .filter((request) => /history/.test(request.url()))
        .map(async (request) => (await request.response()).body()),
    );
    const total = files + weight(html) + rest.map(weight).reduce((a, b) => a + b, 0);
    test.info().annotations.push({ type: `bytes, ${locale}`, description: String(total) });
    expect(total).toBeLessThanOrEqual(PAGE);
  }
});

test("on a host page the loader shifts nothing and makes one request", async ({ newContext, baseURL }) => {
  const context = await newContext();
  const token = await embedToken(context);
  const host = await site(`<!doctype html><title>Host</title><body><script>
      window.shifts = [];
      new PerformanceObserver((list) => shifts.push(...list.getEntries().map(({ value }) => value)))
        .observe({ type: "layout-shift", buffered: true });
    </script><script async src="${baseURL}/chat-widget/embed.js" data-embed-token="${token}"></script>
    ${"<p>Text of the site.</p>".repeat(80)}</body>`);
  const page = await context.newPage();
  const own = [];
  page.on("request", (request) => request.frame() === page.mainFrame() && own.push(request.url()));
  await page.goto(host.url);
  const widget = page.frameLocator("iframe");
  await widget.getByRole("button", { name: "Minimize" }).click();
  await expect(widget.locator("#bubble")).toBeVisible();
  await widget.locator("#bubble").click();
  await expect(widget.locator("#composer")).toBeVisible();
  expect(await page.evaluate(() => window.shifts)).toEqual([]);
  expect(own.filter((url) => url.startsWith(baseURL))).toEqual([`${baseURL}/chat-widget/embed.js`]);
});
