// Parts that cover or displace others, and when they disappear.
import { test } from "./server.mjs";
import { answer, expect, openThread, openWidget, row, say } from "./journey.mjs";
import { test as company } from "./company.mjs";

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

async function opened(server, options) {
  const user = await server.endUser("Tara");
  await user.say("Hello");
  const page = await server.inbox(server.alex, await server.context(options));
  await row(page, "Tara").click();
  await expect(page.locator("#thread-name")).toHaveText("Tara");
  return { page, user };
}

const box = (locator) => locator.boundingBox();
const apart = (a, b) => a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;

test("on a phone a toast covers neither the composer nor its menu", async ({ server }) => {
  const { page } = await opened(server, PHONE);
  await page.locator("#claim").click();
  const toast = page.locator(".toast");
  await expect(toast).toContainText("You claimed this conversation.");
  const composer = page.locator(".composer-open");
  await page.locator("#content").fill("1\n2\n3\n4\n5\n6");
  await expect.poll(async () => apart(await box(toast), await box(composer))).toBe(true);
  await page.locator("#attach summary").click();
  await expect(page.locator("#attach").getByText("Quick buttons")).toBeVisible();
  await expect(toast).toBeHidden();
  await page.keyboard.press("Escape");
  await expect(toast).toBeVisible();
});

test("a toast is above an open dialog, can be pressed there, and stays when the dialog closes", async ({ server }) => {
  const { page } = await opened(server);
  await page.locator("#claim").click();
  const toast = page.locator(".toast");
  await expect(toast).toContainText("You claimed this conversation.");
  await page.keyboard.press("Control+k");
  await expect(page.locator("#palette")).toBeVisible();
  const undo = toast.getByRole("button", { name: "Undo" });
  await undo.hover(); // fails if the dialog covers it; also stops the toast's timer
  await page.keyboard.press("Escape");
  await expect(page.locator("#palette")).toBeHidden();
  await undo.hover();
  await page.keyboard.press("Control+k");
  await expect(page.locator("#palette")).toBeVisible();
  await undo.click();
  await expect(page.locator("#thread-header")).toContainText("Unassigned");
});

test("the divider above new messages disappears after an answer", async ({ server }) => {
  const { page, user } = await opened(server);
  const divider = page.locator("#divider");
  await expect(divider).toHaveText("New");
  await user.say("Are you there?");
  await expect(page.locator("#messages")).toContainText("Are you there?");
  await expect(page.locator("#messages > [data-unread]")).toHaveCount(0); // both are read
  await expect(divider).toBeVisible();
  await answer(page, "Yes");
  await expect(divider).toHaveCount(0);
});

company("a message that is drawn late still gets its read mark, beside the time", async ({ admin, newContext }) => {
  const endUser = await (await newContext()).newPage();
  const name = await openWidget(endUser);
  await say(endUser, "Hello");
  const reads = [];
  admin.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => /"messages_read".*"end_user"/.test(payload) && reads.push(payload)),
  );
  await admin.goto("/inbox");
  await openThread(admin, name);
  // A message that was drawn before it was read reaches the page after the event that it was read.
  await admin.route(/messages[?].*after_seq/, async (route) => {
    const response = await route.fetch();
    const id = [...(await response.text()).matchAll(/data-message-id="([^"]+)"/g)].at(-1)?.[1];
    if (id) await expect.poll(() => reads.some((read) => read.includes(id))).toBe(true);
    await route.fulfill({ response });
  });
  await answer(admin, "Hello to you");
  const message = admin.locator("#messages > [data-message-id]").filter({ hasText: "Hello to you" });
  const mark = message.locator(".read-mark");
  await expect(mark).toBeVisible();
  const [time, ticks] = [await box(message.locator("time")), await box(mark)];
  expect(ticks.x - time.x - time.width).toBeGreaterThanOrEqual(3);
});

company("the online dot in the widget's header is not cut off", async ({ admin, newContext }) => {
  const page = await (await newContext()).newPage();
  await openWidget(page);
  await admin.goto("/inbox");
  const presence = page.locator("#presence");
  await expect(presence).toHaveClass(/is-online/);
  const room = await presence.evaluate((node) => {
    const ring = parseFloat(getComputedStyle(node, "::before").boxShadow.match(/([\d.]+)px\s*(?:inset)?$/)[1]);
    return parseFloat(getComputedStyle(node).paddingInlineStart) - ring;
  });
  expect(room).toBeGreaterThanOrEqual(0);
});

for (const width of [360, 1440]) {
  company(`no copy button covers the code, ${width} px`, async ({ admin }) => {
    await admin.setViewportSize({ width, height: 800 });
    await admin.goto("/integration/mobile-sdk");
    await admin.locator("main a[href^='/integration/mobile-sdk/']").first().click();
    await expect(admin.locator("#web-view-url")).toBeVisible();
    await admin.waitForLoadState(); // else blocks may still lack their buttons
    await admin.locator("#session_id").fill("x".repeat(200));
    await expect(admin.locator("#web-view-url")).toContainText("xxxx");
    const under = await admin.locator(".code-block").evaluateAll((blocks) =>
      blocks
        .filter((block) => {
          if (!block.checkVisibility()) return false;
          const [code, button] = ["pre", "button"].map((name) => block.querySelector(name).getBoundingClientRect());
          return button.left < code.right && button.top < code.bottom && button.bottom > code.top;
        })
        .map((block) => block.textContent.slice(0, 40)),
    );
    expect(under).toEqual([]);
  });
}
