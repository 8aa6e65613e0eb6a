// The pages of Integration by keyboard, on a phone, in dark mode, without JavaScript, and under axe.
import { expect, logIn, openWidget, people, say, sideways, tabTo, test, violations } from "./journey.mjs";
import { site, withSnippet } from "./site.mjs";

test.use({ mayLog: /status of 40[039]/ }); // the browser reports refusals itself

const admin = async (context) => {
  const page = await context.newPage();
  await logIn(page, (await people(context)).admin);
  return page;
};

let made = 0;
const newName = () => `Site ${process.pid}-${++made}-${Date.now() % 100_000}`;

// create creates an embed token by the form and returns it. It leaves the token's page open, with the dialog closed.
async function create(page, name, origins = "") {
  await page.goto("/integration/web-chat");
  await page.getByLabel("Bot").selectOption("Pip");
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Allowed origins").fill(origins);
  await page.getByRole("button", { name: "Create" }).click();
  const token = await page.locator("#created-token").textContent();
  await page.getByRole("button", { name: "I have saved it" }).click();
  return token;
}

const openToken = async (page, name) => {
  await page.goto("/integration/web-chat");
  await page.locator(".table-tokens").getByRole("link", { name }).click();
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
};

const openChannel = async (page) => {
  await page.goto("/integration/mobile-sdk");
  await page.locator("#channels").getByRole("link", { name: "Pip" }).click();
  await expect(page.locator("#channel-id")).toBeVisible();
};

const previewOf = (page) => page.frameLocator("#preview");

// use opens the widget with a token, as a page of www.example.com would.
const use = (page, token) =>
  page.request.get(`/chat-widget?session_id=e2e&embed_token=${token}`, {
    headers: { referer: "https://www.example.com/" },
  });

// everyPage visits each page and state of Integration and calls look on it.
async function everyPage(page, look) {
  const name = newName();
  const see = async (what) => look(page, what);
  await page.goto("/integration/web-chat");
  await see("web chat");
  await page.getByLabel("Name").fill(name);
  await page
    .getByLabel("Allowed origins")
    .fill("nonsense\nhttps://*.example.com/a-path-that-is-rather-long-and-has-no-place-here");
  await page.getByRole("button", { name: "Create" }).click();
  await expect(page.locator("#origins-error")).toBeVisible();
  await see("web chat, refused");
  await page
    .getByLabel("Allowed origins")
    .fill("https://a-rather-long-name-of-a-shop.example.com\nhttps://www.example.com\nhttps://help.example.com");
  await page.getByRole("button", { name: "Create" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await see("the token, shown once");
  const token = await page.locator("#created-token").textContent();
  await page.getByRole("button", { name: "I have saved it" }).click();
  await expect(previewOf(page).getByText("Hi, I am Pip.")).toBeVisible();
  await see("token");
  await page.getByRole("link", { name: "Revoke this token" }).click();
  await expect(page.getByRole("button", { name: "Revoke token" })).toBeVisible();
  await see("revoke an unused token");
  await use(page, token);
  await openToken(page, name);
  await page.getByRole("link", { name: "Revoke this token" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await see("revoke, in a dialog");
  await page.getByRole("button", { name: "Revoke token" }).click();
  await expect(page.getByText("The embed token was revoked.")).toBeVisible();
  await see("revoked token");
  await page.goto("/integration/mobile-sdk");
  await page.getByRole("button", { name: "Create Channel" }).click();
  await expect(page.locator("#bot_id-error")).toBeVisible();
  await see("mobile channels, refused");
  await openChannel(page);
  await see("channel");
  await page
    .locator("#apns")
    .getByRole("button", { name: /Save|Replace/ })
    .click();
  await expect(page.locator("#apns .error").first()).toBeVisible();
  await see("channel, refused");
  await page.goto(
    `${page
      .url()
      .split(/[#?]/)[0]
      .replace(/\/credentials.*/, "")}/credentials/apns/remove`,
  );
  await see("remove credentials");
  await page.goto("/integration/developer-guide");
  await see("developer guide");
  await page.goto("/welcome");
  await see("welcome");
}

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds no fault on any page, ${colorScheme}`, async ({ newContext }) => {
    test.slow();
    const page = await admin(await newContext({ colorScheme }));
    await everyPage(page, async (_, what) => expect(await violations(page), what).toEqual([]));
  });
}

test("on a phone of 360 px no page scrolls sideways", async ({ newContext }) => {
  test.slow();
  const page = await admin(await newContext({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }));
  await everyPage(page, async (_, what) => expect(await sideways(page), what).toBe(0));
});

test("a token can be created, styled and revoked with the keyboard alone", async ({ newContext }) => {
  const page = await admin(await newContext());
  const name = newName();
  await page.goto("/integration/web-chat");
  await tabTo(page, page.getByLabel("Name"));
  await page.keyboard.type(name);
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Copy the token now" });
  await expect(dialog).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await expect(dialog).toBeVisible();
  await use(page, await page.locator("#created-token").textContent());
  await tabTo(page, dialog.getByRole("button", { name: "I have saved it" }));
  await page.keyboard.press("Enter");
  await expect(dialog).toBeHidden();
  await tabTo(page, page.getByLabel("Title"));
  await page.keyboard.type("Ask the shop");
  await expect(previewOf(page).locator("header h1")).toHaveText("Ask the shop");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Customers see the new look")).toBeVisible();
  await tabTo(page, page.getByRole("link", { name: "Revoke this token" }));
  await page.keyboard.press("Enter");
  const ask = page.getByRole("dialog", { name: `Revoke ${name}?` });
  await expect(ask).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(ask).toBeHidden();
  await expect(page.getByRole("link", { name: "Revoke this token" })).toBeFocused();
  await page.keyboard.press("Enter");
  await tabTo(page, ask.getByRole("button", { name: /^Revoke/ }));
  await page.keyboard.press("Enter");
  await expect(page.getByText("The embed token was revoked.")).toBeVisible();
});

test("everything works without JavaScript", async ({ newContext }) => {
  const page = await admin(await newContext({ javaScriptEnabled: false }));
  const name = newName();
  await page.goto("/integration/web-chat");
  await expect(page.getByRole("button", { name: "Copy" })).toHaveCount(0);
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Create" }).click();
  const token = await page.locator("#created-token").textContent();
  await expect(page.locator("#created-snippet")).toContainText(token);
  await page.getByRole("button", { name: "I have saved it" }).click();
  await expect(page.locator("#created-token")).toBeHidden();
  await page.reload(); // sends the form again
  await expect(page.getByText("You already submitted this form")).toBeVisible();
  await expect(page.locator(".table-tokens").getByRole("link", { name })).toHaveCount(1);
  await openToken(page, name);
  await page.getByRole("textbox", { name: "Allowed origins" }).fill("nope");
  await page.locator("#settings-form").getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Line 1, “nope”")).toBeVisible();
  await page.getByRole("textbox", { name: "Allowed origins" }).fill("https://yourapp.com");
  await page.locator("#settings-form").getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved.")).toBeVisible();
  await page.getByLabel("Title").fill("Ask the shop");
  await page.locator("#appearance-form").getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Customers see the new look")).toBeVisible();
  await page.getByRole("link", { name: "Check again" }).click();
  await expect(page.getByText("Waiting for the first visit…")).toBeVisible();
  await page.getByRole("link", { name: "Revoke this token" }).click();
  await page.getByRole("button", { name: "Revoke token" }).click();
  await expect(page.getByText("The embed token was revoked.")).toBeVisible();

  await openChannel(page);
  await page.getByLabel("session_id").fill("user 1");
  await page.getByRole("button", { name: "Build the URL" }).click();
  await expect(page.locator("#web-view-url")).toContainText("session_id=user+1");
  await page.goto("/integration/developer-guide");
  await expect(page.getByText("The console needs JavaScript.")).toBeVisible();
});

test("the preview follows the form, opens no socket and loads no history", async ({ newContext }) => {
  const page = await admin(await newContext());
  await page.goto("/integration/web-chat"); // away from the inbox, which opens a socket
  const sockets = [];
  page.on("websocket", (socket) => sockets.push(socket.url()));
  const history = [];
  page.on(
    "request",
    (request) => /chat-widget\/history|socket\.io\/\?/.test(request.url()) && history.push(request.url()),
  );
  const name = newName();
  await create(page, name);
  await expect(previewOf(page).getByText("Hi, I am Pip.")).toBeVisible();
  await page.getByLabel("Greeting").fill("Grüß Gott");
  await page.getByLabel("Language").selectOption("de");
  await page.getByLabel("Position").selectOption("left");
  await page.getByLabel("Color", { exact: true }).fill("#ffcc00");
  await expect(previewOf(page).getByText("Grüß Gott")).toBeVisible();
  const header = previewOf(page).locator("header");
  await expect(header).toHaveCSS("background-color", "rgb(255, 204, 0)");
  await expect(header).toHaveCSS("color", "rgb(0, 0, 0)");
  await expect(page.getByLabel("Choose a color")).toHaveValue("#ffcc00");
  await page.getByLabel("Choose a color").fill("#112233");
  await expect(page.getByLabel("Color", { exact: true })).toHaveValue("#112233");
  await expect(header).toHaveCSS("color", "rgb(255, 255, 255)");
  expect(await previewOf(page).locator("html").getAttribute("lang")).toBe("de");
  expect(await page.evaluate(() => window.history.length)).toBeLessThan(10);
  await page.locator("#appearance-form").getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Customers see the new look")).toBeVisible();
  await expect(page.getByText("Waiting for the first visit…")).toBeVisible();
  expect(sockets).toEqual([]);
  expect(history).toEqual([]);
});

test("the widget has the chosen title, color and corner", async ({ newContext }) => {
  const context = await newContext();
  const page = await admin(context);
  const token = await create(page, newName());
  await page.getByLabel("Title").fill("Ask the shop");
  await page.getByLabel("Color", { exact: true }).fill("#b00020");
  await page.getByLabel("Position").selectOption("left");
  await page.locator("#appearance-form").getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Customers see the new look")).toBeVisible();
  for (const colorScheme of ["light", "dark"]) {
    const shop = await site(
      withSnippet(
        `<script src="${new URL(page.url()).origin}/chat-widget/embed.js" data-embed-token="${token}"></script>`,
      ),
    );
    const visitor = await (await newContext({ colorScheme })).newPage();
    await visitor.goto(shop.url);
    const widget = visitor.frameLocator("iframe");
    await expect(widget.getByRole("heading", { name: "Ask the shop" })).toBeVisible();
    await expect(widget.locator("header")).toHaveCSS("background-color", "rgb(176, 0, 32)");
    await expect(widget.locator("header")).toHaveCSS("color", "rgb(255, 255, 255)");
    expect(await violations(await (await visitor.waitForSelector("iframe")).contentFrame())).toEqual([]);
    const box = () =>
      visitor.locator("iframe").evaluate((frame) => {
        const { left, bottom, width } = frame.getBoundingClientRect();
        return [left, innerHeight - bottom, width];
      });
    expect(await box()).toEqual([0, 0, 380]);
    await widget.getByRole("button", { name: "Minimize" }).click();
    await expect.poll(box).toEqual([0, 0, 84]);
    const bubble = await widget.locator("#bubble").boundingBox();
    expect(bubble.x).toBe(16);
    await widget.locator("#bubble").click();
    await expect.poll(box).toEqual([0, 0, 380]);
    await visitor.context().close();
  }
});

test("the event console shows what happens, as text", async ({ newContext }) => {
  const page = await admin(await newContext());
  await page.goto("/integration/developer-guide");
  await page.getByRole("button", { name: "Listen" }).click();
  await expect(page.locator("#console-state")).toHaveText("Listening");
  const widget = await (await newContext()).newPage();
  await openWidget(widget);
  const markup = `<img src=x onerror=document.title=1> ${newName()}`;
  await say(widget, markup);
  const row = page.locator("#console-events > li").filter({ hasText: markup });
  await expect(row).toHaveCount(1);
  await expect(row.locator("code")).toHaveText("conversation_updated");
  await row.locator("summary").click();
  await expect(row.locator("pre")).toContainText('"sender_type": "end_user"');
  expect(await page.locator("#console-events img").count()).toBe(0);

  const filter = page.getByLabel("Filter");
  await filter.fill("no such thing");
  await expect(row).toBeHidden();
  await expect(page.getByText("No event matches the filter.")).toBeVisible();
  await filter.fill("CONVERSATION_updated");
  await expect(row).toBeVisible();
  await filter.fill("");
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page.locator("#console-state")).toHaveText("Paused");
  const late = `Later ${newName()}`;
  await say(widget, late);
  await page.getByRole("button", { name: "Clear" }).click();
  await expect(page.locator("#console-events > li")).toHaveCount(0);
  await page.getByRole("button", { name: "Listen" }).click();
  await expect(page.locator("#console-state")).toHaveText("Listening");
  const last = `Last ${newName()}`;
  await say(widget, last);
  await expect(page.locator("#console-events > li").filter({ hasText: last })).toHaveCount(1);
  await expect(page.locator("#console-events > li").filter({ hasText: late })).toHaveCount(0); // sent while paused
});

test("an agent has no link to Integration, and a direct visit is refused with the reason", async ({ newContext }) => {
  const context = await newContext();
  const page = await context.newPage();
  await logIn(page, (await people(context)).agent);
  await expect(page.getByRole("link", { name: "Integration" })).toHaveCount(0);
  const answer = await page.goto("/integration/web-chat");
  expect(answer.status()).toBe(403);
  await expect(page.getByText("Only administrators")).toBeVisible();
  expect(await violations(page)).toEqual([]);
});
