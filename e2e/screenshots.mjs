// Takes the README's screenshots of the program itself: make screenshots. Sockets and pages act out a day in a plant
// shop, and Chromium takes the pictures.
import { fileURLToPath } from "node:url";
import { chromium } from "@playwright/test";
import { io } from "socket.io-client";
import { login, open, start } from "./parley.mjs";

const docs = fileURLToPath(new URL("../docs/", import.meta.url));
const parley = await start({ args: ["--demo"] });
const { url, seeded } = parley;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});

const sockets = [];
function connect(options) {
  const socket = io(url, { transports: ["websocket"], forceNew: true, ...options });
  sockets.push(socket);
  return async (event, payload) => {
    const ack = await socket.timeout(10_000).emitWithAck(event, payload);
    if (!ack.ok) throw new Error(`${event}: ${ack.message}`);
    return ack;
  };
}

// endUser opens a conversation in the widget under a name.
async function endUser(name) {
  const who = await open(url, seeded.embed_token, `picture ${name}`, name);
  const call = connect({ auth: { role: "end_user" } });
  const query = new URLSearchParams({
    embed_token: seeded.embed_token,
    session_id: `picture ${name}`,
    customer_name: name,
    title: "Fern & Pot",
  });
  await call("join_conversation", who);
  return {
    id: who.conversation_id,
    say: (content, rich_media) =>
      call("send_message", { ...who, content, content_type: "text", rich_media, sender_type: "end_user" }),
    visit: (visit) => call("visit", { ...who, ...visit }),
    widget: `${url}/chat-widget?${query}`,
  };
}

async function colleague(who) {
  const { cookie } = await login(url, who);
  const call = connect({ extraHeaders: { cookie } });
  return {
    claim: (conversation_id) => call("claim_conversation", { conversation_id }),
    answer: (conversation_id, content, content_type = "text", rich_media = null) =>
      call("send_message", { conversation_id, content, content_type, rich_media, sender_type: "agent" }),
    view: async (conversation_id) => {
      await call("join_conversation", { conversation_id });
      await call("view_conversation", { conversation_id, viewing: true });
    },
  };
}

// openInbox logs in and opens the inbox.
async function openInbox(who, options) {
  const context = await browser.newContext({ baseURL: url, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  await page.goto("/inbox");
  await page.getByLabel("Email").fill(who.email);
  await page.getByLabel("Password").fill(who.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.waitForURL("**/inbox");
  return page;
}

async function take(page, name) {
  await page.waitForLoadState("networkidle");
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: `${docs}${name}.png` });
  console.log(`docs/${name}.png`);
}

const [alex, dana] = [await colleague(seeded.agent), await colleague(seeded.admin)];

for (const [name, ...texts] of [
  ["Maren Holt", "Hello, do you ship to Norway?", "And how long does it take?"],
  ["Chidi Okafor", "prices"],
  ["نور الهدى", "مرحبا، هل لديكم نباتات تحب الظل؟"],
  ["Émile Roux", "Merci, c'est arrivé en parfait état 🌱"],
  ["Zoë van den Berg", "Which pot goes with a 12 cm plant?"],
]) {
  const guest = await endUser(name);
  for (const text of texts) await guest.say(text);
}
const fatima = await endUser("Fatima Zahra");
await fatima.say("My order 10432 says delivered, but nothing is here.");
await dana.claim(fatima.id);
await dana.answer(fatima.id, "Sorry to hear that. I am asking the carrier now.");

const ines = await endUser("Ines Duarte");
await ines.visit({
  page_url: "https://fern-and-pot.example/plants/maidenhair-fern",
  page_title: "Maidenhair fern — Fern & Pot",
  time_zone: "Europe/Lisbon",
  language: "pt-PT",
});
await ines.say("Hi! I am looking for something green for my bathroom. There is hardly any sun.");
await alex.claim(ines.id);
await alex.answer(ines.id, "Hello Ines, that is where ferns are happiest. These three do well with little light:");
const { message } = await alex.answer(ines.id, "Little light", "carousel", {
  cards: [
    { title: "Maidenhair fern", subtitle: "Likes humid air · €14", buttons: [{ label: "Take it", value: "fern" }] },
    { title: "Snake plant", subtitle: "Survives your vacation · €19", buttons: [{ label: "Take it", value: "snake" }] },
    { title: "Pothos", subtitle: "Hangs from a shelf · €12", buttons: [{ label: "Take it", value: "pothos" }] },
  ],
});
await ines.say("Take it", { selected: { message_id: message.id, label: "Take it", value: "fern" } });
await alex.answer(ines.id, "A good choice. Shall I put a pot with it?", "quick_button", {
  buttons: [
    { label: "Terracotta, please", value: "terracotta" },
    { label: "No, thanks", value: "no" },
  ],
});

const inbox = async (name, options) => {
  const page = await openInbox(seeded.agent, options);
  await page.goto(`/inbox/${ines.id}?filter=all`);
  await page.getByText("Shall I put a pot with it?").first().waitFor();
  await dana.view(ines.id);
  await page.getByText("Dana Demo is looking").first().waitFor({ state: "attached" });
  await take(page, name);
  await page.context().close();
};
const large = { viewport: { width: 1440, height: 860 } };
await inbox("inbox", large);
await inbox("inbox-dark", { ...large, colorScheme: "dark" });

const small = { viewport: { width: 380, height: 640 }, deviceScaleFactor: 2, reducedMotion: "reduce" };
for (const [name, colorScheme] of [
  ["widget", "light"],
  ["widget-dark", "dark"],
]) {
  const context = await browser.newContext({ ...small, colorScheme });
  const page = await context.newPage();
  await page.goto(ines.widget);
  await page.getByRole("button", { name: "Terracotta, please" }).waitFor();
  await take(page, name);
  await context.close();
}

const admin = await openInbox(seeded.admin, large);
await admin.goto("/bots");
await admin.locator("main").getByRole("link", { name: /Pip/ }).first().click();
await admin.waitForURL(/\/bots\/[^/]+$/);
await take(admin, "bot");

await browser.close();
for (const socket of sockets) socket.disconnect();
await parley.remove();
