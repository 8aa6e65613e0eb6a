// Which agents are notified of new messages, how, and which are not.
import { test } from "./server.mjs";
import { expect, inThread, row } from "./journey.mjs";

// fakeWindow replaces the parts of the browser that a headless page can't show: focus, notifications and sound.
function fakeWindow({ permission, answer }) {
  let away = false;
  window.notes = []; // notifications
  window.chimes = 0; // oscillators started: two per sound
  window.look = (elsewhere) => {
    away = elsewhere;
    document.dispatchEvent(new Event("visibilitychange"));
    window.dispatchEvent(new Event(elsewhere ? "blur" : "focus"));
  };
  Object.defineProperties(Document.prototype, {
    hidden: { get: () => away },
    hasFocus: { value: () => !away },
  });
  window.Notification = class extends EventTarget {
    static permission = permission;
    static async requestPermission() {
      Notification.permission = answer;
      return answer;
    }
    constructor(title, options) {
      super();
      window.notes.push(Object.assign(this, { title, ...options }));
    }
    close() {
      this.closed = true;
    }
  };
  const node = () => ({
    frequency: {},
    gain: { setValueAtTime() {}, linearRampToValueAtTime() {}, exponentialRampToValueAtTime() {} },
    connect: (next) => next,
    start: () => window.chimes++,
    stop() {},
  });
  window.AudioContext = class {
    currentTime = 0;
    resume = async () => {};
    createOscillator = node;
    createGain = node;
  };
}

async function agentContext(server, { permission = "granted", answer = "granted", settings = {} } = {}) {
  const localStorage = [{ name: "parley_settings", value: JSON.stringify(settings) }];
  const context = await server.context({
    storageState: { cookies: [], origins: [{ origin: server.url, localStorage }] },
  });
  await context.addInitScript(fakeWindow, { permission, answer });
  return context;
}

const held = (page) => page.evaluate(async () => (await navigator.locks.query()).held.map(({ name }) => name));

// ready opens an inbox that may play sound and has its tab locks.
async function ready(server, who, context) {
  const page = await server.inbox(who, context);
  await page.keyboard.press("Shift");
  await expect.poll(() => held(page)).toEqual(expect.arrayContaining(["parley:notifies", "parley:sounds"]));
  return page;
}

const look = (page, elsewhere) => page.evaluate((value) => window.look(value), elsewhere);
const notes = (page) => page.evaluate(() => window.notes.map(({ title, body }) => `${title}: ${body}`).sort());
const chimes = (page) => page.evaluate(() => window.chimes);

test("an agent is notified of unassigned and own conversations, and of no others", async ({ server }) => {
  const [free, mine, theirs] = [
    await server.endUser("Free"),
    await server.endUser("Mia"),
    await server.endUser("Theo"),
  ];
  for (const user of [mine, theirs]) await user.say("Hello");
  const [alex, ada] = [await server.agent(server.alex), await server.agent(server.ada)];
  await alex.claim(mine);
  await ada.claim(theirs);
  const page = await ready(server, server.alex, await agentContext(server, { settings: { notifications: true } }));
  await look(page, true);

  const asked = page.waitForResponse((response) => response.url().endsWith(`/api/conversations/${theirs.id}`));
  await theirs.say("For Ada alone");
  await (await asked).finished();
  await ada.answer(theirs, "From Ada");
  await alex.answer(mine, "From Alex himself");
  await mine.say("For Alex");
  await expect.poll(() => notes(page)).toEqual(["Mia: For Alex"]);
  await free.say("For <b>anybody</b>");
  await expect.poll(() => notes(page)).toEqual(["Free: For <b>anybody</b>", "Mia: For Alex"]);
  expect(await chimes(page)).toBeGreaterThan(0);

  await look(page, false);
  await page.evaluate(() => window.notes.find(({ title }) => title === "Mia").dispatchEvent(new Event("click")));
  await expect(page.locator("#thread-name")).toHaveText("Mia");
  expect(await page.evaluate(() => window.notes.find(({ title }) => title === "Mia").closed)).toBe(true);
});

test("a message in a conversation that is not open plays a sound, unless it is off", async ({ server }) => {
  const [one, other] = [await server.endUser("One"), await server.endUser("Other")];
  for (const user of [one, other]) await user.say("Hello");
  const page = await ready(server, server.alex, await agentContext(server, { settings: { notifications: true } }));
  await row(page, "One").click();
  await expect(inThread(page, "Hello")).toBeVisible();
  await one.say("You see this");
  await expect(inThread(page, "You see this")).toBeVisible();
  expect(await chimes(page)).toBe(0);
  await other.say("You do not see this");
  await expect.poll(() => chimes(page)).toBe(2);
  expect(await notes(page)).toEqual([]); // none while the window has the focus

  await page.keyboard.press("Control+k");
  await page.keyboard.type("preferences");
  await page.keyboard.press("Enter");
  await page.getByRole("switch", { name: "Sound" }).press(" ");
  await page.keyboard.press("Escape");
  await look(page, true);
  await other.say("Seen by notification");
  await expect.poll(() => notes(page)).toEqual(["Other: Seen by notification"]);
  expect(await chimes(page)).toBe(2);
});

test("one of two tabs notifies, and the other one after it is closed", async ({ server }) => {
  const user = await server.endUser("Twice");
  const context = await agentContext(server, { settings: { notifications: true } });
  const first = await ready(server, server.alex, context);
  const second = await ready(server, server.alex, context);
  for (const page of [first, second]) await look(page, true);
  await expect.poll(() => held(first)).not.toContain("parley:visible");
  await user.say("One");
  await expect.poll(() => notes(first)).toEqual(["Twice: One"]);
  await expect.poll(() => chimes(first)).toBe(2);

  await look(second, false); // while one tab is visible, neither shows a notification
  const asked = first.waitForResponse(/\/api\/conversations\//);
  await user.say("Two");
  await (await asked).finished();
  await look(second, true);
  await expect.poll(() => held(first)).not.toContain("parley:visible");
  await user.say("Three");
  await expect.poll(() => notes(first)).toContain("Twice: Three");
  expect(await notes(first)).not.toContain("Twice: Two");
  expect(await notes(second)).toEqual([]);
  expect(await chimes(second)).toBe(0);

  await first.close();
  await expect.poll(() => second.evaluate(async () => (await navigator.locks.query()).pending.length)).toBe(0);
  await user.say("Four");
  await expect.poll(() => notes(second)).toEqual(["Twice: Four"]);
});

test("the first message offers notifications, and accepting asks the browser", async ({ server }) => {
  const user = await server.endUser("Nora");
  const page = await ready(server, server.alex, await agentContext(server, { permission: "default" }));
  await look(page, true);
  await user.say("Are you there?");
  const offer = page.locator(".toast").filter({ hasText: "Get notified about new messages?" });
  await expect(offer).toBeVisible();
  await look(page, false);
  await offer.getByRole("button", { name: "Turn on notifications" }).click();
  await expect(offer).toBeHidden();
  await look(page, true);
  await user.say("Hello?");
  await expect.poll(() => notes(page)).toEqual(["Nora: Hello?"]);
});

test("a dismissed offer is not repeated", async ({ server }) => {
  const user = await server.endUser("Nora");
  const page = await ready(server, server.alex, await agentContext(server, { permission: "default" }));
  await look(page, true);
  await user.say("Are you there?");
  await page.locator(".toast").getByRole("button", { name: "Dismiss" }).click();
  const asked = page.waitForResponse(/\/api\/conversations\//);
  await user.say("Hello?");
  await (await asked).finished();
  await expect(page.locator("#list[data-waiting='1']")).toBeVisible();
  await expect(page.locator(".toast")).toHaveCount(0);
  expect(await notes(page)).toEqual([]);
});

for (const [permission, says] of [
  ["denied", /blocks notifications/],
  ["default", /will ask you first/],
]) {
  test(`the switch stays off without permission, ${permission}`, async ({ server }) => {
    const page = await ready(
      server,
      server.alex,
      await agentContext(server, { permission, answer: "denied", settings: { notifications: true } }),
    );
    await page.locator(".rail-profile > summary").click();
    await page.getByRole("button", { name: "Preferences" }).click();
    const toggle = page.getByRole("switch", { name: "Desktop notifications" });
    await expect(toggle).not.toBeChecked(); // although it is on in the settings
    await expect(toggle).toHaveAccessibleDescription(says);
    if (permission === "default") await toggle.click(); // the browser asks, and the user refuses
    await expect(toggle).toBeDisabled();
    await expect(toggle).not.toBeChecked();
    await expect(toggle).toHaveAccessibleDescription(/blocks notifications/);
  });
}

test("the title says how many conversations wait", async ({ server }) => {
  const users = [await server.endUser("Free"), await server.endUser("Mia"), await server.endUser("Theo")];
  for (const user of users) await user.say("Hello");
  await (await server.agent(server.alex)).claim(users[1]);
  await (await server.agent(server.ada)).claim(users[2]);
  const page = await server.inbox(server.alex, await server.context());
  await expect(page).toHaveTitle("(2) Inbox · Parley");
  await expect(page.locator("link[rel=icon]")).toHaveAttribute("href", /icon_waiting/);
  await row(page, "Free").click();
  await expect(page).toHaveTitle("(1) Inbox · Parley");
  await page.locator("#tab-mine").click();
  await row(page, "Mia").click();
  await expect(page).toHaveTitle("Inbox · Parley");
  await expect(page.locator("link[rel=icon]")).toHaveAttribute("href", /icon\.svg/);
  await users[2].say("For Ada alone");
  await users[0].say("Again");
  await expect(page).toHaveTitle("(1) Inbox · Parley");
});

test("two agents see each other in a conversation, and see who is typing", async ({ server }) => {
  const user = await server.endUser("Una");
  await user.say("Hello");
  const alex = await server.inbox(server.alex, await agentContext(server));
  const ada = await server.inbox(server.ada, await agentContext(server));
  await row(alex, "Una").click();
  await expect(alex.locator("#messages")).toContainText("Hello");
  await expect(alex.locator("#viewers")).toBeEmpty();
  await row(ada, "Una").click();
  await expect(alex.locator("#viewers")).toContainText("is looking at this too");
  // The first agent announces themselves again.
  await expect(ada.locator("#viewers")).toContainText("Alex Agent is looking at this too");
  await ada.getByLabel("Message", { exact: true }).fill("One moment");
  await expect(alex.locator("#typing")).toContainText(/^(?!Another agent).* is typing…/);
  await look(ada, true); // switches to another tab
  await expect(alex.locator("#viewers")).toBeEmpty();
  await look(ada, false);
  await expect(alex.locator("#viewers")).toContainText("is looking at this too");
  await ada.close();
  await expect(alex.locator("#viewers")).toBeEmpty();
});
