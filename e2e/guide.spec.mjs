// The integration guide, step by step from an empty installation, by clicking what each step says.
import { generateKeyPairSync } from "node:crypto";
import { io } from "socket.io-client";
import { ada, expect, logIn, received, say, sent, setUp, test as base } from "./journey.mjs";
import { login, startEmpty } from "./parley.mjs";
import { site, withSnippet } from "./site.mjs";

// All steps use one installation, and run in its order.
const test = base.extend({
  parley: [
    async ({}, use) => {
      const parley = await startEmpty();
      await use(parley);
      await parley.remove();
    },
    { scope: "worker" },
  ],
  baseURL: ({ parley }, use) => use(parley.url),
  // The owner's page, closed before the server stops.
  owner: async ({ newContext }, use) => {
    const page = await (await newContext({ permissions: ["clipboard-read", "clipboard-write"] })).newPage();
    await logIn(page, ada);
    await use(page);
  },
});

test.describe.configure({ mode: "serial" });
test.use({ mayLog: /status of 40[039]|frame-ancestors|^Parley: / }); // the browser reports refusals itself

const goTo = async (page, section, name) => {
  await page.getByRole("navigation", { name: "Parley" }).getByRole("link", { name: section }).click();
  await page.getByRole("navigation", { name: section }).getByRole("link", { name }).click();
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
};

const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());

test("the first run creates a bot, shows the snippet and waits for the first visit", async ({ newContext, parley }) => {
  const page = await (await newContext()).newPage();
  await setUp(page, parley);
  await expect(page.getByRole("heading", { name: "Create a bot" })).toBeVisible();
  await page.getByLabel("Name").fill("Pip");
  await page.getByLabel("Greeting").fill("Hello from Acme.");
  await page.getByRole("button", { name: "Create bot" }).click();
  await expect(page.getByRole("heading", { name: "Paste the snippet" })).toBeVisible();
  await expect(page.getByText("Waiting for the first visit…")).toBeVisible();
  const shop = await site(withSnippet(await page.locator("#welcome-snippet").textContent()));
  const visitor = await (await newContext()).newPage();
  await visitor.goto(shop.url);
  await expect(received(visitor.frameLocator("iframe"), "Hello from Acme.")).toBeVisible();
  await expect(page.getByText("The chat is on your site")).toBeVisible(); // without a reload
  await expect(page.locator("#waiting")).toContainText(shop.url);
  await page.reload(); // sends the form again
  await expect(page.getByRole("heading", { name: "Paste the snippet" })).toBeVisible();
  await expect(page.locator("#welcome-snippet")).toContainText("…");
  await page.getByRole("link", { name: "Go to the inbox" }).click();
  await expect(page.locator("#inbox")).toBeVisible();
  await page.goto(`${parley.url}/integration/web-chat`);
  await expect(page.locator(".table-tokens tbody tr")).toHaveCount(1); // the form that was sent again created nothing
});

test("Web Embed Widget: Step 1 — Create an Embed Token, Step 2 — Add the Script Snippet", async ({
  newContext,
  owner,
}) => {
  const shop = await site();
  await goTo(owner, "Integration", "Web Chat");
  await owner.getByLabel("Bot").selectOption("Pip");
  await owner.getByLabel("Name").fill("Web shop");
  await owner.getByLabel("Allowed origins").fill(`HTTP://LOCALHOST:${new URL(shop.url).port}/\nyourapp.com`);
  await owner.getByRole("button", { name: "Create" }).click();
  await expect(owner.getByText("Line 2, “yourapp.com”")).toBeVisible();
  await expect(owner.getByLabel("Name")).toHaveValue("Web shop");
  await owner.getByLabel("Allowed origins").fill(`HTTP://LOCALHOST:${new URL(shop.url).port}/\n\nhttps://yourapp.com`);
  await owner.getByRole("button", { name: "Create" }).click();

  const dialog = owner.getByRole("dialog", { name: "Copy the token now" });
  const token = await dialog.locator("#created-token").textContent();
  expect(token).toMatch(/^ew_/);
  for (let i = 0; i < 3; i++) await owner.keyboard.press("Escape");
  await expect(dialog).toBeVisible();
  await dialog.getByRole("button", { name: "Copy" }).first().click();
  await expect(dialog.getByText("Copied").first()).toBeVisible();
  expect(await clipboard(owner)).toBe(token);
  await dialog.getByRole("button", { name: "Copy" }).last().click();
  await expect.poll(() => clipboard(owner)).toContain("Chat widget loader");
  const snippet = await clipboard(owner);
  expect(snippet).toContain(`data-embed-token="${token}"`);
  await dialog.getByRole("button", { name: "I have saved it" }).click();
  await owner.evaluate(() => navigator.clipboard.writeText(""));
  await owner.locator("#snippet").getByRole("button", { name: "Copy" }).click();
  await expect.poll(() => clipboard(owner)).toBe(snippet);
  await expect(owner.getByText("Waiting for the first visit…")).toBeVisible();

  shop.page = withSnippet(snippet);
  const visitor = await (await newContext()).newPage();
  await visitor.goto(shop.url);
  const widget = visitor.frameLocator("iframe");
  await say(widget, "Hello from the shop");
  await expect(owner.getByText("The chat is on your site")).toBeVisible();
  await expect(owner.locator("#waiting")).toContainText(shop.url);

  const stranger = await site(withSnippet(snippet));
  const foreign = await (await newContext()).newPage();
  const refused = foreign.waitForResponse(/\/chat-widget\?/);
  await foreign.goto(stranger.url);
  expect((await refused).status()).toBe(403);

  await goTo(owner, "Integration", "Web Chat");
  const row = owner.locator(".table-tokens tbody tr").filter({ hasText: "Web shop" });
  await expect(row).toContainText("Pip");
  await expect(row).toContainText(shop.url);
  await expect(row).toContainText(token.slice(0, 8));
  expect(await owner.content()).not.toContain(token);

  await row.getByRole("link").click();
  await owner.getByRole("textbox", { name: "Allowed origins" }).fill("");
  await owner.locator("#settings-form").getByRole("button", { name: "Save" }).click();
  await expect(owner.getByText("Saved.")).toBeVisible();
  await foreign.reload();
  await expect(foreign.frameLocator("iframe").locator("#composer")).toBeVisible();

  await owner.getByRole("link", { name: "Revoke this token" }).click();
  const ask = owner.getByRole("dialog", { name: "Revoke Web shop?" });
  await expect(ask).toContainText("Open chats stop within seconds.");
  await ask.getByRole("button", { name: "Revoke token" }).click();
  await expect(owner.getByText("The embed token was revoked.")).toBeVisible();
  const gone = visitor.waitForResponse(/\/chat-widget\?/);
  await visitor.reload();
  expect((await gone).status()).toBe(403);
});

let token; // of the web chat in the next steps

test("Custom Parameters, and a known user identity as the developer guide shows it", async ({ newContext, owner }) => {
  await goTo(owner, "Integration", "Web Chat");
  await owner.getByLabel("Bot").selectOption("Pip");
  await owner.getByLabel("Name").fill("Account pages");
  await owner.getByRole("button", { name: "Create" }).click();
  token = await owner.locator("#created-token").textContent();
  await owner.getByRole("button", { name: "I have saved it" }).click();

  await goTo(owner, "Integration", "Developer guide");
  await owner.getByLabel("Embed token").selectOption({ label: `Account pages (${token.slice(0, 8)}…)` });
  await owner.getByRole("button", { name: "Update examples" }).click();
  const example = await owner.locator("#guide-iframe").textContent();
  expect(example).toContain(`${token.slice(0, 8)}…`);
  const shop = await site(
    withSnippet(
      `<script>var USER_ID = "42", USER_DISPLAY_NAME = "Alice Smith";</script>` +
        example.replace(`${token.slice(0, 8)}…`, token),
    ),
  );
  const visitor = await (await newContext()).newPage();
  await visitor.goto(shop.url);
  const widget = visitor.frameLocator("iframe");
  await expect(widget.getByRole("heading", { name: "Support Chat" })).toBeVisible();
  await say(widget, "It is Alice");
  const elsewhere = await (await newContext()).newPage();
  await elsewhere.goto(shop.url);
  await expect(sent(elsewhere.frameLocator("iframe"), "It is Alice")).toBeVisible();
  await owner.goto("/inbox");
  await expect(owner.locator(".row").filter({ hasText: "Alice Smith" })).toBeVisible();
});

let channelID;
let appToken;

test("Mobile SDK: Step 1 — Provision a Mobile Channel", async ({ owner }) => {
  await goTo(owner, "Integration", "Mobile SDK");
  await owner.getByLabel("Bot").selectOption("Pip");
  await owner.getByRole("button", { name: "Create Channel" }).click();
  await expect(owner.getByRole("heading", { level: 1, name: "Pip" })).toBeVisible();
  channelID = await owner.locator("#channel-id").textContent();
  await owner.locator("#channel").getByRole("button", { name: "Copy" }).click();
  await expect(owner.locator("#channel").getByText("Copied").first()).toBeVisible();
  expect(await clipboard(owner)).toBe(channelID);

  await goTo(owner, "Integration", "Mobile SDK");
  await owner.getByLabel("Bot").selectOption("Pip");
  await owner.getByRole("button", { name: "Create Channel" }).click();
  await expect(owner.locator("#bot_id-error")).toContainText("already");
  await expect(owner.locator("#channels tbody tr")).toHaveCount(1);
});

test("Mobile SDK: Step 2 — Open a Conversation from the App, Option A — WebView", async ({
  newContext,
  owner,
  parley,
}) => {
  await goTo(owner, "Integration", "Mobile SDK");
  await owner.locator("#channels").getByRole("link", { name: "Pip" }).click();
  await owner.locator("#tokens").getByLabel("Name").fill("Android app");
  await owner.locator("#tokens").getByRole("button", { name: "Create" }).click();
  appToken = await owner.locator("#created-token").textContent();
  await owner.getByRole("button", { name: "I have saved it" }).click();

  const builder = owner.locator("#webview");
  await builder.getByLabel("session_id").fill("mobile-user-12345");
  await builder.getByLabel("customer_name").fill("Bela Kovács");
  await builder.getByLabel("title").fill("Support Chat");
  const url = (await owner.locator("#web-view-url").textContent()).replace(`${appToken.slice(0, 8)}…`, appToken);
  const app = await (
    await newContext({ viewport: { width: 390, height: 800 }, isMobile: true, hasTouch: true })
  ).newPage();
  await app.goto(url);
  await expect(app.getByRole("heading", { name: "Support Chat" })).toBeVisible();
  await say(app, "From the app");
  const { cookie } = await login(parley.url, ada);
  const list = await (await fetch(`${parley.url}/api/conversations/`, { headers: { cookie } })).json();
  const conversation = list.find(({ end_user }) => end_user.external_id === "mobile-user-12345");
  expect(conversation.end_user.display_name).toBe("Bela Kovács");
  expect(conversation.channel_id).toBe(channelID);
});

test("Mobile SDK: Step 3 — Connect via Socket.IO", async ({ newContext, owner, parley }) => {
  await owner.goto(`/integration/mobile-sdk/${channelID}`);
  for (const [language, id] of [
    ["Kotlin", "kotlin"],
    ["Swift", "swift"],
    ["Dart", "dart"],
  ]) {
    await owner.getByText(language, { exact: true }).click();
    const shown = await owner.locator(`#${id}-snippet`).isVisible();
    if (!shown) await owner.getByText(language, { exact: true }).click();
    await expect(owner.locator(`#${id}-snippet`)).toContainText(parley.url);
    await expect(owner.locator(`#${id}-snippet`)).toContainText(channelID);
  }
  const webView = await (await newContext()).newPage();
  await webView.goto(`${parley.url}/chat-widget?embed_token=${appToken}&session_id=mobile-user-12345`);
  const who = {
    conversation_id: await webView.locator("#parley").getAttribute("data-conversation-id"),
    external_id: await webView.locator("#parley").getAttribute("data-external-id"),
  };
  // As in the snippets, with the JavaScript client.
  const socket = io(parley.url, { transports: ["websocket"] });
  await new Promise((resolve) => socket.on("connect", resolve));
  const arrived = new Promise((resolve) =>
    socket.on("message_received", ({ content }) => content === "Natively" && resolve()),
  );
  await socket.emitWithAck("join_conversation", who);
  socket.emit("send_message", { ...who, content: "Natively", content_type: "text", sender_type: "end_user" });
  await arrived;
  socket.disconnect();
  await expect(sent(webView, "Natively")).toBeVisible();
});

const pem = (type, options) => generateKeyPairSync(type, options).privateKey.export({ type: "pkcs8", format: "pem" });

test("Push Notifications: FCM and APNs", async ({ owner }) => {
  const rsa = pem("rsa", { modulusLength: 2048 });
  const p8 = pem("ec", { namedCurve: "P-256" });
  const account = (key) =>
    JSON.stringify({
      type: "service_account",
      project_id: "acme-app",
      private_key_id: "1",
      private_key: key,
      client_email: "push@acme-app.iam.gserviceaccount.com",
      client_id: "1",
      token_uri: "https://oauth2.googleapis.com/token",
    });
  await goTo(owner, "Integration", "Mobile SDK");
  await owner.locator("#channels").getByRole("link", { name: "Pip" }).click();

  const legacy = owner.locator("#fcm_legacy");
  await expect(legacy).toContainText("Google shut down this API in 2024");
  await legacy.getByLabel("Server Key").fill("AAAAsecret:server-key-of-acme-0123456789");
  await legacy.getByLabel("Sender ID").fill("not digits");
  await legacy.getByRole("button", { name: "Save" }).click();
  await expect(legacy.locator(".error")).toBeVisible();
  await expect(legacy.getByLabel("Sender ID")).toHaveValue("not digits");
  await legacy.getByLabel("Server Key").fill("AAAAsecret:server-key-of-acme-0123456789");
  await legacy.getByLabel("Sender ID").fill("123456789012");
  await legacy.getByRole("button", { name: "Save" }).click();
  await expect(legacy).toContainText("Last saved");

  const fcm = owner.locator("#fcm");
  await fcm.getByLabel("Service account JSON").fill(account(p8));
  await fcm.getByRole("button", { name: "Save" }).click();
  await expect(fcm.locator(".error")).toBeVisible();
  await fcm.getByLabel("Service account JSON").fill(account(rsa));
  await fcm.getByRole("button", { name: "Save" }).click();
  await expect(fcm).toContainText("acme-app");
  await expect(fcm).toContainText("Last saved");

  const apns = owner.locator("#apns");
  await apns.getByLabel("Team ID").fill("ABCDE12345");
  await apns.getByLabel("Bundle ID").fill("com.example.myapp");
  await apns.getByLabel("Key ID").fill("KEY1234567");
  await apns.getByLabel("Private Key").fill(rsa);
  await apns.getByLabel("Environment").selectOption("production");
  await apns.getByRole("button", { name: "Save" }).click();
  await expect(apns.locator("#private_key-error")).toBeVisible();
  await expect(apns.getByLabel("Team ID")).toHaveValue("ABCDE12345");
  await expect(apns.getByLabel("Environment")).toHaveValue("production");
  await apns.getByLabel("Private Key").fill(p8);
  await apns.getByRole("button", { name: "Save" }).click();
  await expect(apns).toContainText("Last saved");

  await owner.goto(`/integration/mobile-sdk/${channelID}`);
  const html = await owner.content();
  for (const secret of ["server-key-of-acme", rsa.split("\n")[1], p8.split("\n")[1]])
    expect(html).not.toContain(secret);
  await expect(apns.getByLabel("Private Key")).toHaveValue("");
  await apns.getByLabel("Environment").selectOption("sandbox"); // an empty key keeps the stored one
  await apns.getByRole("button", { name: "Replace" }).click();
  await expect(apns.getByLabel("Environment")).toHaveValue("sandbox");

  await apns.getByRole("link", { name: /Remove/ }).click();
  await owner
    .getByRole("dialog", { name: "Remove APNs?" })
    .getByRole("button", { name: /Remove/ })
    .click();
  await expect(owner.getByText("The credentials were removed.")).toBeVisible();
  await expect(apns).not.toContainText("Last saved");
  await goTo(owner, "Integration", "Mobile SDK");
  await expect(owner.locator("#channels tbody tr")).toContainText("FCM service account");
});
