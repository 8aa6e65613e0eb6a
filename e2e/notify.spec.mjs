// Who is told of new messages, how, and who is not.
import { test } from "./desk.mjs";
import { expect, inThread, row } from "./journey.mjs";

// A page without a window is always in front and never heard: what it sees and does stands here instead.
function stand({ permission, answer }) {
  let away = false;
  window.notes = []; // notifications
  window.chimes = 0; // oscillators that were started: two a sound
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

async function agentContext(desk, { permission = "granted", answer = "granted", settings = {} } = {}) {
  const localStorage = [{ name: "parley_settings", value: JSON.stringify(settings) }];
  const context = await desk.context({ storageState: { cookies: [], origins: [{ origin: desk.url, localStorage }] } });
  await context.addInitScript(stand, { permission, answer });
  return context;
}

const held = (page) => page.evaluate(async () => (await navigator.locks.query()).held.map(({ name }) => name));

// ready is an inbox that may be heard and has had its turn at the locks.
async function ready(desk, who, context) {
  const page = await desk.inbox(who, context);
  await page.keyboard.press("Shift");
  await expect.poll(() => held(page)).toEqual(expect.arrayContaining(["parley:notifies", "parley:sounds"]));
  return page;
}

const look = (page, elsewhere) => page.evaluate((value) => window.look(value), elsewhere);
const notes = (page) => page.evaluate(() => window.notes.map(({ title, body }) => `${title}: ${body}`).sort());
const chimes = (page) => page.evaluate(() => window.chimes);

test("an agent is told of what is nobody's or theirs, and of nothing else", async ({ desk }) => {
  const [free, mine, theirs] = [await desk.endUser("Free"), await desk.endUser("Mia"), await desk.endUser("Theo")];
  for (const user of [mine, theirs]) await user.say("Hello");
  const [alex, ada] = [await desk.agent(desk.alex), await desk.agent(desk.ada)];
  await alex.claim(mine);
  await ada.claim(theirs);
  const page = await ready(desk, desk.alex, await agentContext(desk, { settings: { notifications: true } }));
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

test("a sound for a conversation that is not before the agent, unless it is off", async ({ desk }) => {
  const [one, other] = [await desk.endUser("One"), await desk.endUser("Other")];
  for (const user of [one, other]) await user.say("Hello");
  const page = await ready(desk, desk.alex, await agentContext(desk, { settings: { notifications: true } }));
  await row(page, "One").click();
  await expect(inThread(page, "Hello")).toBeVisible();
  await one.say("You see this");
  await expect(inThread(page, "You see this")).toBeVisible();
  expect(await chimes(page)).toBe(0);
  await other.say("You do not see this");
  await expect.poll(() => chimes(page)).toBe(2);
  expect(await notes(page)).toEqual([]); // a window in front needs none

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

test("of two tabs one tells, and the other when that is closed", async ({ desk }) => {
  const user = await desk.endUser("Twice");
  const context = await agentContext(desk, { settings: { notifications: true } });
  const first = await ready(desk, desk.alex, context);
  const second = await ready(desk, desk.alex, context);
  for (const page of [first, second]) await look(page, true);
  await expect.poll(() => held(first)).not.toContain("parley:visible");
  await user.say("One");
  await expect.poll(() => notes(first)).toEqual(["Twice: One"]);
  await expect.poll(() => chimes(first)).toBe(2);

  await look(second, false); // a tab that can be seen: no notification, of either
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

test("the browser is asked in context, once", async ({ desk }) => {
  const user = await desk.endUser("Nora");
  const page = await ready(desk, desk.alex, await agentContext(desk, { permission: "default" }));
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

test("who dismisses the offer is not asked again", async ({ desk }) => {
  const user = await desk.endUser("Nora");
  const page = await ready(desk, desk.alex, await agentContext(desk, { permission: "default" }));
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
  test(`the switch where the permission is ${permission}`, async ({ desk }) => {
    const page = await ready(
      desk,
      desk.alex,
      await agentContext(desk, { permission, answer: "denied", settings: { notifications: true } }),
    );
    await page.locator(".rail-profile > summary").click();
    await page.getByRole("button", { name: "Preferences" }).click();
    const toggle = page.getByRole("switch", { name: "Desktop notifications" });
    await expect(toggle).not.toBeChecked(); // whatever was chosen
    await expect(toggle).toHaveAccessibleDescription(says);
    if (permission === "default") await toggle.click(); // the browser is asked, and refused
    await expect(toggle).toBeDisabled();
    await expect(toggle).not.toBeChecked();
    await expect(toggle).toHaveAccessibleDescription(/blocks notifications/);
  });
}

test("the title says how many conversations wait", async ({ desk }) => {
  const users = [await desk.endUser("Free"), await desk.endUser("Mia"), await desk.endUser("Theo")];
  for (const user of users) await user.say("Hello");
  await (await desk.agent(desk.alex)).claim(users[1]);
  await (await desk.agent(desk.ada)).claim(users[2]);
  const page = await desk.inbox(desk.alex, await desk.context());
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

test("two agents see each other in a conversation, and who types", async ({ desk }) => {
  const user = await desk.endUser("Una");
  await user.say("Hello");
  const alex = await desk.inbox(desk.alex, await agentContext(desk));
  const ada = await desk.inbox(desk.ada, await agentContext(desk));
  await row(alex, "Una").click();
  await expect(alex.locator("#messages")).toContainText("Hello");
  await expect(alex.locator("#viewers")).toBeEmpty();
  await row(ada, "Una").click();
  await expect(alex.locator("#viewers")).toContainText("is looking at this too");
  // Who came first says so again.
  await expect(ada.locator("#viewers")).toContainText("Alex Agent is looking at this too");
  await ada.getByLabel("Message", { exact: true }).fill("One moment");
  await expect(alex.locator("#typing")).toContainText(/^(?!Another agent).* is typing…/);
  await look(ada, true); // another tab
  await expect(alex.locator("#viewers")).toBeEmpty();
  await look(ada, false);
  await expect(alex.locator("#viewers")).toContainText("is looking at this too");
  await ada.close();
  await expect(alex.locator("#viewers")).toBeEmpty();
});
