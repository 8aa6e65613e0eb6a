// The inbox stays connected, keeps in step, and loses nothing that was typed.
import { broken, expect, inThread, openThread, row, violations } from "./journey.mjs";
import { test } from "./server.mjs";
import { answerFor, loseEvents, refuseConnects } from "./wire.mjs";

test.use({ mayLog: /WebSocket|ERR_|Failed to (load|fetch)|50[03]|not from Parley/ });

const field = (page) => page.getByLabel("Message", { exact: true });
const unsent = (page) => page.locator("#messages > .message-sending");
const own = (page) => page.locator("#messages > .message-agent .message-text");
const banner = (page) => page.locator("#offline");

async function write(page, text) {
  await field(page).fill(text);
  await field(page).press("Enter");
}

// stopped makes the server answer no message of the context's pages until it is let go.
async function stopped(context, ack = { ok: false, error: "unavailable", message: "Not now.", retry_after_ms: 100 }) {
  const gate = { open: false, tries: [] };
  await answerFor(context, (name, payload) => {
    if (name !== "send_message") return undefined;
    gate.tries.push(payload);
    return gate.open ? undefined : ack;
  });
  return gate;
}

test("answers wait in their conversation, survive a reload, and are sent once, in their order", async ({ server }) => {
  const [one, two] = [await server.endUser("One"), await server.endUser("Two")];
  await one.say("First question");
  await two.say("Second question");
  const context = await server.context();
  const gate = await stopped(context);
  const page = await server.inbox(server.alex, context);
  await openThread(page, one.name);
  for (const text of ["one", "two", "three"]) await write(page, text);
  await expect(unsent(page)).toHaveCount(3);
  await expect(unsent(page).first()).toContainText("Not sent yet. Trying again…");
  await openThread(page, two.name);
  await expect(unsent(page)).toHaveCount(0);
  await page.reload();
  await expect(page.locator("#thread-name")).toHaveText(two.name);
  await openThread(page, one.name);
  await expect(unsent(page).locator(".message-text")).toHaveText(["one", "two", "three"]);
  await openThread(page, two.name);
  gate.open = true;
  await openThread(page, one.name);
  await expect(own(page)).toHaveText(["one", "two", "three"]);
  await expect(unsent(page)).toHaveCount(0);
  expect(new Set(gate.tries.map(({ client_id }) => client_id)).size).toBe(3);
  await page.reload();
  await expect(own(page)).toHaveText(["one", "two", "three"]);
  expect(await page.evaluate(() => Object.keys(localStorage).filter((key) => /outbox/.test(key)))).toEqual([]);
});

test("an answer that could not be sent for a week returns to the composer", async ({ server }) => {
  const customer = await server.endUser("One");
  await customer.say("Question");
  const page = await server.inbox(server.alex, await server.context());
  await openThread(page, customer.name);
  await page.evaluate((conversation) => {
    const user = document.getElementById("inbox").dataset.userId;
    const at = Date.now() - 8 * 86_400_000;
    const message = { client_id: "old", content: "from long ago", lane: conversation, at };
    localStorage.setItem(`parley_outbox:${user}:old`, JSON.stringify(message));
  }, customer.id);
  await page.reload();
  await expect(field(page)).toHaveValue("from long ago");
  await expect(page.locator("#composer-error")).toContainText("could not be sent for a week");
  await expect(unsent(page)).toHaveCount(0);
  await page.reload();
  await expect(field(page)).toHaveValue("from long ago"); // as a draft
  await expect(page.locator("#composer-error")).toBeHidden();
});

test("entries of the outbox that cannot be read harm nothing", async ({ server }) => {
  const customer = await server.endUser("One");
  await customer.say("Question");
  const context = await server.context();
  const gate = await stopped(context);
  gate.open = true;
  const page = await server.inbox(server.alex, context);
  await openThread(page, customer.name);
  const user = await page.locator("#inbox").getAttribute("data-user-id");
  await page.evaluate((entries) => Object.assign(localStorage, entries), broken(user));
  await write(page, "beside them");
  await expect(own(page)).toHaveText(["beside them"]);
  await page.reload();
  await openThread(page, customer.name);
  await write(page, "after them");
  await expect(own(page)).toHaveText(["beside them", "after them"]);
  await expect(unsent(page)).toHaveCount(0);
  expect(gate.tries.map(({ content }) => content)).toEqual(["beside them", "after them"]);
});

test("a waiting answer belongs to one agent, and another login in the browser does not send it", async ({ server }) => {
  const customer = await server.endUser("One");
  await customer.say("Question");
  const context = await server.context();
  const gate = await stopped(context);
  const page = await server.inbox(server.alex, context);
  await openThread(page, customer.name);
  await write(page, "from Alex");
  await expect(unsent(page)).toContainText("from Alex");
  await page.close();
  await context.clearCookies();
  const tries = gate.tries.length;
  const other = await server.inbox(server.ada, context);
  gate.open = true;
  await openThread(other, customer.name);
  await expect(unsent(other)).toHaveCount(0);
  await write(other, "from Ada");
  await expect(inThread(other, "from Ada")).toBeVisible();
  await expect(inThread(other, "from Alex")).toHaveCount(0);
  expect(gate.tries.slice(tries).map(({ content }) => content)).not.toContain("from Alex");
});

test("of too many waiting answers the last stays in its composer, and says why until they are sent", async ({
  server,
}) => {
  const customer = await server.endUser("One");
  await customer.say("Question");
  const context = await server.context();
  const gate = await stopped(context);
  const page = await server.inbox(server.alex, context);
  await openThread(page, customer.name);
  for (let i = 0; i < 50; i++) await write(page, `answer ${i}`);
  await expect(page.locator("#composer-error")).toBeHidden();
  await write(page, "one more");
  await expect(page.locator("#composer-error")).toHaveText("Too many answers wait to be sent. Send this one later.");
  await expect(field(page)).toHaveValue("one more");
  gate.open = true;
  await expect(page.locator("#composer-error")).toBeHidden();
  await expect(field(page)).toHaveValue("one more");
  await field(page).press("Enter");
  await expect(inThread(page, "one more").and(page.locator("[data-seq]"))).toBeVisible();
});

test("an answer that is refused for good returns to its composer, and says so from elsewhere", async ({ server }) => {
  const [one, two] = [await server.endUser("One"), await server.endUser("Two")];
  await one.say("First question");
  await two.say("Second question");
  const context = await server.context();
  let ack = { ok: false, error: "unavailable", message: "Not now.", retry_after_ms: 100 };
  await answerFor(context, (name) => (name === "send_message" ? ack : undefined));
  const page = await server.inbox(server.alex, context);
  await openThread(page, one.name);
  await write(page, "too late");
  await expect(unsent(page)).toContainText("too late");
  await openThread(page, two.name);
  ack = { ok: false, error: "conflict", message: "This conversation is resolved." };
  const toast = page.locator(".toast").filter({ hasText: "An answer couldn't be sent" });
  await toast.getByRole("button", { name: "Show" }).click();
  await expect(page.locator("#thread-name")).toHaveText(one.name);
  await expect(field(page)).toHaveValue("too late");
  await expect(unsent(page)).toHaveCount(0);
  await page.getByLabel("Message", { exact: true }).press("Enter");
  await expect(page.locator("#composer-error")).toHaveText("This conversation is resolved.");
  await expect(field(page)).toHaveValue("too late");
});

test("a connect that is refused for now is tried again, and the banner says why and when", async ({ server }) => {
  const customer = await server.endUser("One");
  await customer.say("Question");
  const context = await server.context();
  const first = await server.inbox(server.alex, context);
  let refusal = { error: "unavailable", retry_after_ms: 2_000 };
  await refuseConnects(context, () => refusal);
  await first.close();
  const page = await context.newPage();
  await page.goto(`${server.url}/inbox`);
  await expect(banner(page)).toContainText("Parley has a problem.");
  await expect(banner(page)).toContainText(/Next try in [1-3] s/);
  await page.setViewportSize({ width: 360, height: 640 });
  const heights = await banner(page)
    .locator(".sentence")
    .evaluateAll((nodes) => nodes.map((node) => node.offsetHeight));
  expect(heights).toHaveLength(2);
  for (const height of heights) expect(height).toBeLessThan(30); // one line
  await page.setViewportSize({ width: 1280, height: 720 });
  await openThread(page, customer.name);
  await write(page, "written while away");
  await expect(unsent(page)).toContainText("Not sent yet. Trying again…");
  expect(await violations(page)).toEqual([]);
  refusal = undefined;
  await expect(banner(page)).toBeHidden();
  await expect(inThread(page, "written while away").and(page.locator("[data-seq]"))).toBeVisible();
});

test("after a logout elsewhere the inbox says so, keeps what is typed, and leads to the login", async ({ server }) => {
  const customer = await server.endUser("One");
  await customer.say("Question");
  const context = await server.context();
  const gate = await stopped(context);
  const page = await server.inbox(server.alex, context);
  await openThread(page, customer.name);
  await write(page, "a whole answer");
  await expect(unsent(page)).toContainText("Not sent yet");
  await field(page).fill("half an answer");
  const form = { csrf_token: await page.locator("meta[name=csrf-token]").getAttribute("content") };
  await context.request.post(`${server.url}/auth/logout`, { form });
  await expect(banner(page)).toContainText("You're logged out. Log in, and it is sent.");
  await expect(unsent(page)).toContainText("Not sent yet");
  gate.open = true;
  const tries = gate.tries.length;
  await banner(page).getByRole("link", { name: "Log in" }).click();
  for (const password of ["wrong", server.alex.password]) {
    await page.getByLabel("Email").fill(server.alex.email);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Log in" }).click();
  }
  await expect(page.locator("#thread-name")).toHaveText(customer.name);
  await expect(inThread(page, "a whole answer").and(page.locator("[data-seq]"))).toBeVisible();
  await expect(field(page)).toHaveValue("half an answer");
  await expect(own(page)).toHaveText(["a whole answer"]);
  expect(gate.tries.length).toBe(tries + 1);
});

test("lost events are made up for: messages, the list, who claimed, who is online, what was read", async ({
  server,
}) => {
  const customer = await server.endUser("One");
  await customer.say("Question");
  const context = await server.context();
  let lose = false;
  const wire = await loseEvents(context, () => lose);
  const page = await server.inbox(server.alex, context);
  await openThread(page, customer.name);
  await expect(page.locator("#thread-header")).toContainText("Unassigned");
  const requests = [];
  page.on("request", (request) => /after_seq/.test(request.url()) && requests.push(request));
  await write(page, "An answer");
  const answer = inThread(page, "An answer").and(page.locator("[data-seq]"));
  await expect(answer).toBeVisible();
  lose = true;
  await customer.read([await answer.getAttribute("data-message-id")]);
  const late = await server.endUser("Two");
  await late.say("You did not hear this");
  await customer.say("Lost on the way");
  const ada = await server.agent(server.ada);
  await ada.claim(customer);
  const before = requests.length;
  wire.emit("last_seq", { conversation_id: late.id, last_seq: 99 }); // not open
  wire.emit("last_seq", { conversation_id: customer.id, last_seq: 1 }); // not newer
  wire.emit("last_seq", { conversation_id: customer.id, last_seq: 4 });
  await expect(inThread(page, "Lost on the way")).toBeVisible();
  expect(requests).toHaveLength(before + 1);
  await expect(row(page, late.name)).toHaveCount(0);
  await expect(page.locator("[data-read]")).toHaveCount(0);
  wire.emit("look_again", { room: "queue" });
  await expect(row(page, late.name)).toBeVisible();
  await expect(page.locator("#thread-header")).toContainText("Assigned to Dana Demo");
  await expect(answer).toHaveAttribute("data-read");
  await expect(page.locator("#thread-header [data-online]")).toHaveCount(0);
  wire.emit("look_again", { room: "presence" });
  await expect(page.locator("#thread-header [data-online]")).toHaveCount(1);
});

for (const locks of [true, false]) {
  test(`hidden tabs give up their long polls ${locks ? "with" : "without"} Web Locks, so that others can load`, async ({
    server,
  }) => {
    test.setTimeout(120_000);
    const customer = await server.endUser("One");
    await customer.say("Question");
    const context = await server.context();
    await context.addInitScript((locks) => {
      delete window.WebSocket; // browsers open six connections to a host over HTTP/1.1
      if (!locks) Object.defineProperty(Navigator.prototype, "locks", { value: undefined });
      let hidden = false;
      Object.defineProperty(document, "hidden", { get: () => hidden });
      window.hide = (yes) => {
        hidden = yes;
        document.dispatchEvent(new Event("visibilitychange"));
      };
    }, locks);
    const polled = new Map(); // page → when it last polled; an empty poll takes three seconds
    context.on("request", (request) => {
      const isPoll = request.method() === "GET" && /transport=polling/.test(request.url());
      if (isPoll) polled.set(request.frame().page(), Date.now());
    });
    const polling = () => [...polled.values()].filter((at) => Date.now() - at < 5_000).length;
    const pages = [];
    for (let i = 0; i < 8; i++) {
      const page = await server.inbox(server.alex, context);
      await page.evaluate(() => window.hide(true));
      pages.push(page);
    }
    const visible = await server.inbox(server.alex, context);
    await openThread(visible, customer.name);
    await expect.poll(polling).toBe(2);
    await customer.say("Do you see me?");
    await expect(inThread(visible, "Do you see me?")).toBeVisible();
    // One hidden tab still listens, to notify the agent. The others are up to date when they are shown.
    const late = await server.endUser("Two");
    await late.say("Another question");
    await expect(row(pages[0], late.name)).toBeVisible();
    const quiet = pages.at(-1);
    await expect(row(quiet, late.name)).toHaveCount(0);
    await quiet.evaluate(() => window.hide(false));
    await expect(row(quiet, late.name)).toBeVisible();
  });
}

// They may be in nine windows. Browsers open six connections to a host over HTTP/1.1.
test("nine visible tabs without WebSockets all hear, load and send", async ({ server }) => {
  test.setTimeout(120_000);
  const customer = await server.endUser("One");
  await customer.say("Question");
  const context = await server.context();
  await context.addInitScript(() => delete window.WebSocket);
  const pages = [];
  for (let i = 0; i < 9; i++) {
    const page = await server.inbox(server.alex, context);
    await openThread(page, customer.name);
    pages.push(page);
  }
  await customer.say("Do you all see me?");
  for (const page of pages) await expect(inThread(page, "Do you all see me?")).toBeVisible({ timeout: 10_000 });
  for (const [i, page] of pages.entries()) await write(page, `Answer ${i}`);
  for (const page of pages) {
    for (const i of pages.keys()) {
      await expect(inThread(page, `Answer ${i}`).and(page.locator("[data-seq]"))).toBeVisible({ timeout: 15_000 });
    }
  }
  const late = await server.endUser("Two");
  await late.say("Another question");
  for (const page of pages) await expect(page.getByRole("link", { name: "All 2" })).toBeVisible({ timeout: 10_000 });
});

test("without a connection nothing is shown that only events can tell", async ({ server }) => {
  const customer = await server.endUser("One");
  await customer.say("Question");
  await customer.visit({ page_url: "https://shop.example/ferns", page_title: "Ferns" });
  const context = await server.context();
  const wire = await loseEvents(context, () => false);
  const page = await server.inbox(server.alex, context);
  await openThread(page, customer.name);
  const ada = await server.agent(server.ada);
  await ada.view(customer);
  await ada.claim(customer);
  wire.emit("typing_indicator", { conversation_id: customer.id, sender_type: "end_user" });
  const panel = page.locator("#panel");
  const online = page.locator("#thread-header .online");
  await expect(page.locator("#typing")).toBeVisible();
  await expect(page.locator("#viewers")).toBeVisible();
  await expect(online).toHaveCSS("position", "absolute");
  await expect(panel.getByRole("link", { name: "Ferns" })).toBeVisible();
  await expect(panel).toContainText(/Last page.*Last visit/s);
  await context.setOffline(true);
  await expect(page.locator("#typing")).toBeHidden({ timeout: 3_000 });
  await expect(banner(page)).toBeVisible();
  await expect(page.locator("#viewers")).toBeHidden();
  await expect(online).toHaveCSS("display", "none");
  await expect(panel.getByRole("link", { name: "Ferns" })).toBeHidden();
  await expect(panel.locator(".panel-last time")).toBeHidden();
  await context.setOffline(false);
  await expect(banner(page)).toBeHidden();
  await expect(panel.getByRole("link", { name: "Ferns" })).toBeVisible();
  await expect(page.locator("#viewers")).toBeVisible();
  await expect(online).not.toHaveCSS("display", "none");
});

// hold makes a tab take locks and not let them go, as a tab that hangs would.
const hold = (page, ...names) =>
  page.evaluate((names) => {
    const held = (name) => new Promise((resolve) => navigator.locks.request(name, () => new Promise(resolve)));
    return Promise.all(names.map(held));
  }, names);

test("a tab that hangs does not keep others from polling", async ({ server }) => {
  const customer = await server.endUser("One");
  await customer.say("Question");
  const context = await server.context();
  const stuck = await context.newPage();
  await stuck.goto(`${server.url}/offline`);
  await hold(stuck, "parley:poll#0", "parley:poll#1", "parley:poll#2");
  await context.addInitScript(() => delete window.WebSocket);
  const page = await server.inbox(server.alex, context);
  await openThread(page, customer.name);
  for (const text of ["Do you hear me?", "And now?"]) {
    await customer.say(text);
    await expect(inThread(page, text)).toBeVisible();
  }
});

test("a tab that hangs while it sends delays the answers of another one once", async ({ server }) => {
  const customer = await server.endUser("One");
  await customer.say("Question");
  const context = await server.context();
  const page = await server.inbox(server.alex, context);
  await openThread(page, customer.name);
  const user = await page.locator("#inbox").getAttribute("data-user-id");
  const stuck = await context.newPage();
  await stuck.goto(`${server.url}/offline`);
  await hold(stuck, `parley_outbox:${user}:${customer.id}`);
  await write(page, "first");
  const stored = (text) => inThread(page, text).and(page.locator("[data-seq]"));
  await expect(stored("first")).toBeVisible({ timeout: 20_000 });
  await write(page, "second");
  await expect(stored("second")).toBeVisible({ timeout: 5_000 });
});

// What a captive portal or a proxy answers in place of Parley.
const portal = "<html><body><h1 class=notice>Log in to Free Wi-Fi</h1></body></html>";
const foreign = {
  "a page": { contentType: "text/html", body: portal },
  "an empty body": { contentType: "text/html", body: "" },
  "a refusal": { status: 403, contentType: "text/html", body: portal },
  "an error": { status: 502, contentType: "text/html", body: portal },
  "a redirect to a page": { status: 302, headers: { location: "/static/app/icon.svg" } },
};

for (const [what, answer] of Object.entries(foreign)) {
  test(`${what} from something on the way is never drawn`, async ({ server }) => {
    const [one, two] = [await server.endUser("One"), await server.endUser("Two")];
    await one.say("First question");
    await two.say("Second question");
    const context = await server.context();
    let on = false;
    await context.route(/\/inbox\//, (route) => (on ? route.fulfill(answer) : route.fallback()));
    const page = await server.inbox(server.alex, context);
    await openThread(page, one.name);
    await expect(row(page, two.name)).toContainText("1unread");
    await expect(row(page, one.name)).not.toContainText("unread");
    on = true;
    await two.say("Another one"); // redraws the list
    await expect(banner(page)).toContainText("Parley can't be reached.");
    await row(page, two.name).click();
    await expect(page.locator("#notice")).toContainText("Couldn't reach the server.");
    await page.locator("#claim").click();
    await page.getByRole("link", { name: /^All/ }).click();
    await expect(page.locator("#notice")).toContainText("Couldn't reach the server.");
    await expect(page.locator("#rows .row")).toHaveCount(2);
    await expect(page.locator("#thread-name")).toHaveText(one.name);
    await expect(inThread(page, "First question")).toBeVisible();
    await expect(page.locator("#panel h3")).toHaveCount(2);
    await expect(page.getByText("Free Wi-Fi")).toHaveCount(0);
    on = false;
    await expect(banner(page)).toBeHidden();
    await expect(inThread(page, "Another one")).toBeVisible();
  });
}

test("an answer posted without a socket is repeated until it is stored", async ({ server }) => {
  const customer = await server.endUser("One");
  await customer.say("Question");
  const context = await server.context();
  await refuseConnects(context, () => ({ error: "forbidden", message: "Not this address." }));
  let on = true;
  await context.route(/\/inbox\/[^/]+\/messages/, (route) =>
    on ? route.fulfill({ contentType: "text/html", body: portal }) : route.fallback(),
  );
  const page = await context.newPage();
  await page.route(/\/inbox(\/[0-9a-f-]{36})?(\?|$)/, async (route) => {
    const answer = await route.fetch();
    const body = (await answer.text()).replace(/(name="origin" content=")[^"]*/, "$1https://elsewhere.example");
    route.fulfill({ response: answer, body });
  });
  await page.goto(`${server.url}/inbox`);
  await page.getByLabel("Email").fill(server.alex.email);
  await page.getByLabel("Password").fill(server.alex.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await row(page, customer.name).waitFor();
  await page.reload();
  await openThread(page, customer.name);
  const posted = page.waitForResponse((answer) => answer.request().method() === "POST");
  await write(page, "not lost");
  await posted;
  await expect(unsent(page)).toContainText("Not sent yet");
  on = false;
  await expect(inThread(page, "not lost").and(page.locator("[data-seq]"))).toBeVisible();
});

const notice = (page) => page.locator("#notice");
const tab = (page, name) => page.locator("#tabs").getByRole("link", { name });
const unreachable = /Couldn't reach the server|Parley has a problem/;

// How an outage answers what is pressed.
const outages = {
  offline: (context) => [() => context.setOffline(true), () => context.setOffline(false)],
  503: (context) => {
    let on = false;
    const problem = { status: 503, headers: { "X-Parley": "html" }, contentType: "text/html", body: "Not now." };
    const ready = context.route(/\/inbox\//, (route) => (on ? route.fulfill(problem) : route.fallback()));
    return [async () => (on = Boolean(await ready) || true), () => (on = false)];
  },
};

for (const [how, outage] of Object.entries(outages)) {
  test(`what is pressed in an outage (${how}) is shown after it, the latest of each kind`, async ({ server }) => {
    const [one, two, three] = [await server.endUser("One"), await server.endUser("Two"), await server.endUser("Three")];
    for (const customer of [one, two, three]) await customer.say("Question");
    const context = await server.context();
    const [begin, end] = outage(context);
    const page = await server.inbox(server.alex, context);
    await openThread(page, one.name);
    await begin();
    await tab(page, /Mine/).click();
    await expect(notice(page)).toContainText(unreachable);
    await expect(notice(page)).toContainText("The list changes as soon as it can.");
    await tab(page, /All/).click();
    await expect(notice(page)).toContainText("The list changes as soon as it can.");
    await expect(tab(page, /Unassigned/)).toHaveAttribute("aria-current", "page");
    await expect(tab(page, /All/)).not.toHaveAttribute("aria-current");
    for (const customer of [two, three]) {
      await row(page, customer.name).click();
      await expect(notice(page)).toContainText("The conversation opens as soon as it can.");
      await expect(row(page, one.name)).toHaveAttribute("aria-current", "true");
    }
    await expect(page).toHaveURL(new RegExp(`/inbox/${one.id}\\?filter=unassigned$`));
    const loaded = [];
    page.on("response", (answer) => answer.ok() && loaded.push(answer.url()));
    await end();
    await expect(page.locator("#thread-name")).toHaveText(three.name);
    await expect(tab(page, /All/)).toHaveAttribute("aria-current", "page");
    await expect(tab(page, /Unassigned/)).not.toHaveAttribute("aria-current");
    await expect(notice(page)).toBeEmpty();
    await expect(banner(page)).toBeHidden();
    expect(loaded.filter((url) => /filter=mine/.test(url) || url.includes(`/inbox/${two.id}`))).toEqual([]);
  });
}

test("a search typed in an outage runs after it, and its notice goes", async ({ server }) => {
  const [one, two] = [await server.endUser("One"), await server.endUser("Two")];
  for (const customer of [one, two]) await customer.say("Question");
  const context = await server.context();
  const page = await server.inbox(server.alex, context);
  await openThread(page, one.name);
  await context.setOffline(true);
  await page.locator("#search").fill("Tw");
  await expect(notice(page)).toContainText("The list changes as soon as it can.");
  await page.locator("#search").pressSequentially("o");
  await expect(row(page, one.name)).toBeVisible();
  await context.setOffline(false);
  await expect(row(page, one.name)).toHaveCount(0);
  await expect(row(page, two.name)).toBeVisible();
  await expect(page.locator("#search")).toHaveValue("Two");
  await expect(page).toHaveURL(/q=Two/);
  await expect(notice(page)).toBeEmpty();
});

test("the notice about a form that did not arrive goes with the outage", async ({ server }) => {
  const customer = await server.endUser("One");
  await customer.say("Question");
  const context = await server.context();
  const page = await server.inbox(server.alex, context);
  await openThread(page, customer.name);
  await context.setOffline(true);
  await page.locator("#claim").click();
  await expect(notice(page)).toContainText("Couldn't reach the server. Try again.");
  await expect(banner(page)).toBeVisible();
  await context.setOffline(false);
  await expect(banner(page)).toBeHidden();
  await expect(notice(page)).toBeEmpty();
  await expect(page.locator("#claim")).toBeVisible();
});

test("on a phone the way back to the list works in an outage", async ({ server }) => {
  const [one, two] = [await server.endUser("One"), await server.endUser("Two")];
  for (const customer of [one, two]) await customer.say("Question");
  const context = await server.context({ viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true });
  const page = await server.inbox(server.alex, context);
  await openThread(page, one.name);
  await context.setOffline(true);
  await expect(banner(page)).toBeVisible();
  await page.getByRole("link", { name: "Back to the list" }).click();
  await expect(row(page, one.name)).toBeVisible();
  await expect(page.locator("#list")).toBeFocused();
  await expect(page.locator("#thread")).toBeHidden();
  await expect(page).toHaveURL(/\/inbox\?filter=unassigned$/);
  await page.goBack();
  await expect(notice(page)).toContainText("The page opens as soon as it can.");
  await expect(row(page, one.name)).toBeVisible();
  await page.goBack(); // where the list was first
  await expect(page).toHaveURL(/\/inbox$/);
  await row(page, two.name).click();
  await expect(notice(page)).toContainText("The conversation opens as soon as it can.");
  await context.setOffline(false);
  await expect(page.locator("#thread-name")).toHaveText(two.name);
  await page.goBack();
  await expect(page.locator("#thread")).toBeHidden();
  await expect(row(page, one.name)).toBeVisible();
  const late = await server.endUser("Three");
  await late.say("Question");
  await expect(row(page, late.name)).toBeVisible();
  await page.goForward();
  await expect(page.locator("#thread-name")).toHaveText(two.name);
});

test("a conversation pressed in an outage does not open under what is typed since", async ({ server }) => {
  const [one, two] = [await server.endUser("One"), await server.endUser("Two")];
  for (const customer of [one, two]) await customer.say("Question");
  const context = await server.context();
  const page = await server.inbox(server.alex, context);
  await openThread(page, one.name);
  await context.setOffline(true);
  await row(page, two.name).click();
  await expect(notice(page)).toContainText("The conversation opens as soon as it can.");
  await field(page).fill("For One");
  await expect(notice(page)).toBeEmpty();
  const listed = page.waitForResponse(/\/inbox\/list/);
  await context.setOffline(false);
  await listed;
  await field(page).press("Enter");
  await expect(inThread(page, "For One").and(page.locator("[data-seq]"))).toBeVisible();
  await expect(page.locator("#thread-name")).toHaveText(one.name);
});

test("a conversation that cannot be opened is not marked as the one that is open", async ({ server }) => {
  const [one, two] = [await server.endUser("One"), await server.endUser("Two")];
  await one.say("First question");
  await two.say("Second question");
  const page = await server.inbox(server.alex, await server.context());
  await openThread(page, one.name);
  await page.context().setOffline(true);
  const failed = page.waitForEvent("requestfailed", (request) => request.url().includes(`/inbox/${two.id}?`));
  await row(page, two.name).click();
  await failed;
  await expect(row(page, one.name)).toHaveAttribute("aria-current", "true");
  await expect(row(page, two.name)).not.toHaveAttribute("aria-current");
  await page.context().setOffline(false);
  await openThread(page, two.name);
  await expect(row(page, two.name)).toHaveAttribute("aria-current", "true");
});
