// What lies over, under or beside something else, and when it goes away.
import { test } from "./desk.mjs";
import { answer, expect, openThread, openWidget, row, say } from "./journey.mjs";
import { test as company } from "./company.mjs";

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

async function opened(desk, options) {
  const user = await desk.endUser("Tara");
  await user.say("Hello");
  const page = await desk.inbox(desk.alex, await desk.context(options));
  await row(page, "Tara").click();
  await expect(page.locator("#thread-name")).toHaveText("Tara");
  return { page, user };
}

const box = (locator) => locator.boundingBox();
const apart = (a, b) => a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;

test("on a phone a toast leaves the composer and its menu free", async ({ desk }) => {
  const { page } = await opened(desk, PHONE);
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

test("a toast lies over an open dialog, can be pressed there, and stays when it closes", async ({ desk }) => {
  const { page } = await opened(desk);
  await page.locator("#claim").click();
  const toast = page.locator(".toast");
  await expect(toast).toContainText("You claimed this conversation.");
  await page.keyboard.press("Control+k");
  await expect(page.locator("#palette")).toBeVisible();
  const undo = toast.getByRole("button", { name: "Undo" });
  await undo.hover(); // fails where the dialog is above it; and holds the toast
  await page.keyboard.press("Escape");
  await expect(page.locator("#palette")).toBeHidden();
  await undo.hover();
  await page.keyboard.press("Control+k");
  await expect(page.locator("#palette")).toBeVisible();
  await undo.click();
  await expect(page.locator("#thread-header")).toContainText("Unassigned");
});

test("the line above what is new goes when it is answered", async ({ desk }) => {
  const { page, user } = await opened(desk);
  const divider = page.locator("#divider");
  await expect(divider).toHaveText("New");
  await user.say("Are you there?");
  await expect(page.locator("#messages")).toContainText("Are you there?");
  await expect(page.locator("#messages > [data-unread]")).toHaveCount(0); // both are read
  await expect(divider).toBeVisible();
  await answer(page, "Yes");
  await expect(divider).toHaveCount(0);
});

company("the ticks come though the message is drawn late, apart from the time", async ({ admin, newContext }) => {
  const endUser = await (await newContext()).newPage();
  const name = await openWidget(endUser);
  await say(endUser, "Hello");
  const reads = [];
  admin.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => /"messages_read".*"end_user"/.test(payload) && reads.push(payload)),
  );
  await admin.goto("/inbox");
  await openThread(admin, name);
  // What the server drew before the message was read reaches the page after the event that says so.
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

company("the dot of who is online is seen whole, with a light color too", async ({ admin, newContext }) => {
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
  company(`no code runs under its copy button, ${width} px`, async ({ admin }) => {
    await admin.setViewportSize({ width, height: 800 });
    await admin.goto("/integration/mobile-sdk");
    await admin.locator("main a[href^='/integration/mobile-sdk/']").first().click();
    await expect(admin.locator("#web-view-url")).toBeVisible();
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
