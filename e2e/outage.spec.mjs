// The widget on a site while the server is away: the chat comes back by itself, what was typed is kept, and a logout
// forgets it.
import { broken, expect, sent, test as base, violations } from "./journey.mjs";
import { start } from "./parley.mjs";
import { site, withSnippet } from "./site.mjs";
import { answerFor } from "./wire.mjs";

// Each test has its own server, because it stops it, and a site with the snippet.
const test = base.extend({
  parley: async ({}, use) => {
    const parley = await start({ silent: true, env: { WIDGET_RATE_LIMIT: "off" } });
    await use(parley);
    await parley.remove();
  },
  host: async ({ parley }, use) => {
    const { url, seeded } = parley;
    await use(
      await site(
        withSnippet(`<script src="${url}/chat-widget/embed.js" data-embed-token="${seeded.embed_token}"></script>`),
      ),
    );
  },
});

// What the browser itself logs about a server that is away, and what the page of a refused chat says.
test.use({ mayLog: /net::ERR_|WebSocket connection|Failed to load resource|token is missing/ });

const chat = (page) => page.frameLocator("iframe");
const field = (page) => chat(page).getByLabel("Message", { exact: true });
const own = (page) => chat(page).locator("#messages > .own");
const ready = (page) => expect(field(page)).toBeVisible();
const failed = (page) => page.waitForEvent("requestfailed", (request) => request.url().includes("/chat-widget?"));

async function write(page, text) {
  await field(page).fill(text);
  await field(page).press("Enter");
  await expect(own(page).filter({ hasText: text })).toBeVisible();
}

// visit opens the site.
async function visit(newContext, host) {
  const page = await (await newContext()).newPage();
  await page.goto(host.url);
  await ready(page);
  return page;
}

test("a page that was opened while the server is away gets its chat when the server is back", async ({
  newContext,
  parley,
  host,
}) => {
  const page = await visit(newContext, host); // the browser keeps the loader
  await write(page, "From before");
  await expect(sent(chat(page), "From before")).toBeVisible();
  await parley.stop();
  const errors = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  const tries = [failed(page), page.goto(host.url)];
  await Promise.all(tries);
  const steps = await page.evaluate(() => history.length);
  await failed(page); // again
  await expect(page.locator("iframe")).toBeHidden();
  await parley.restart();
  await expect(sent(chat(page), "From before")).toBeVisible();
  expect(errors.filter((text) => !/net::ERR_/.test(text))).toEqual([]);
  expect(await page.evaluate(() => history.length)).toBe(steps);
});

test("a chat that did not load is tried again at once when the network is back", async ({
  newContext,
  parley,
  host,
}) => {
  const page = await visit(newContext, host);
  await parley.stop();
  await Promise.all([failed(page), page.evaluate(() => Parley.identify({ session_id: `user-${Math.random()}` }))]);
  await page.evaluate(() => (window.setTimeout = () => 0)); // no further attempt by time
  await parley.restart();
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await ready(page);
});

test("a server that is overloaded is asked again, one that refuses the chat is not", async ({
  newContext,
  parley,
  host,
}) => {
  for (const [status, again] of [
    [503, true],
    [403, false],
  ]) {
    const page = await (await newContext()).newPage();
    const answered = [];
    await page.clock.install();
    await page.addInitScript(() => {
      window.refusals = 0;
      addEventListener("message", ({ data }) => data.type === "refused" && window.refusals++);
    });
    await page.route(/chat-widget\?/, async (route) => {
      answered.push(status);
      const { body, headers } = await refusal(parley);
      await route.fulfill({ status, headers, body: status === 403 ? body : "Busy" });
    });
    await page.goto(host.url);
    if (!again) await expect.poll(() => page.evaluate(() => window.refusals)).toBe(1);
    else await expect.poll(() => answered.length).toBe(1);
    await page.frames()[1].waitForLoadState();
    await page.clock.fastForward("10:00");
    if (again) await expect.poll(() => answered.length).toBe(2);
    else expect(await page.evaluate(() => fetch("/").then(() => 1))).toBe(1);
    expect(answered.length).toBe(again ? 2 : 1);
    await expect(page.locator("iframe")).toBeHidden();
  }
});

// refusal returns the server's page for an embed token that does not exist.
async function refusal({ url }) {
  const answer = await fetch(`${url}/chat-widget?embed_token=ew_unknown`);
  const headers = Object.fromEntries(answer.headers);
  delete headers["content-length"];
  return { body: await answer.text(), headers };
}

// remembered returns what this browser stores for the site, for the chat in its frame, and as the frame's name.
const remembered = async (page) => {
  const stored = () => JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), window.name]);
  return (await Promise.all(page.frames().map((frame) => frame.evaluate(stored).catch(() => "")))).join();
};

async function remembers(page, ...texts) {
  for (const text of texts) await expect.poll(() => remembered(page)).toContain(text);
}

// silent makes the server answer no message of a page, until it is let go.
async function silent(page) {
  const gate = { open: false, tries: [] };
  await answerFor(page, (name, payload) => {
    if (name !== "send_message") return undefined;
    gate.tries.push(payload);
    return gate.open ? undefined : { ok: false, error: "unavailable", message: "No.", retry_after_ms: 100 };
  });
  return gate;
}

test("logout forgets what the customer wrote and the server has not got", async ({ newContext, host }) => {
  const page = await visit(newContext, host);
  const gate = await silent(page);
  await page.reload();
  await write(page, "A secret");
  await field(page).fill("Another secret");
  await remembers(page, "A secret", "Another secret");
  await page.reload();
  await expect(own(page)).toHaveText(/A secret/);
  const before = await chat(page).locator("#parley").getAttribute("data-conversation-id");
  await page.evaluate(() => Parley.logout());
  await expect(chat(page).locator("#parley")).not.toHaveAttribute("data-conversation-id", before);
  gate.open = true;
  await write(page, "From somebody else");
  await expect(sent(chat(page), "From somebody else")).toBeVisible();
  await expect(own(page)).toHaveCount(1);
  expect(await remembered(page)).not.toContain("secret");
});

for (const when of ["before the loader has run", "while the chat can't load"]) {
  test(`logout forgets it also ${when}`, async ({ newContext, parley, host }) => {
    const page = await visit(newContext, host);
    await parley.stop();
    await write(page, "A secret");
    await field(page).fill("Another secret");
    await remembers(page, "A secret", "Another secret");
    const early = when === "before the loader has run";
    const queue = '<script>(window.Parley = window.Parley || []).push(["logout"])</script>';
    const { page: markup } = host;
    if (early) host.page = markup.replace("<script", `${queue}<script`);
    await Promise.all([failed(page), page.goto(host.url)]);
    host.page = markup;
    if (!early) {
      expect(await remembered(page)).toContain("A secret"); // it would be sent
      await page.evaluate(() => Parley.logout());
    }
    expect(await remembered(page)).not.toContain("secret");
    await parley.restart();
    await ready(page);
    await write(page, "From somebody else");
    await expect(sent(chat(page), "From somebody else")).toBeVisible();
    await expect(own(page)).toHaveCount(1);
    expect(await remembered(page)).not.toContain("secret");
  });
}

test("logout forgets what other customers wrote in this browser", async ({ newContext, host }) => {
  const page = await visit(newContext, host);
  await silent(page);
  await page.reload();
  await page.evaluate(() => Parley.identify({ session_id: "alice-5f1c" }));
  await write(page, "A secret");
  await field(page).fill("Another secret");
  await remembers(page, "A secret", "Another secret");
  await page.evaluate(() => Parley.identify({ session_id: "bob-88d2" }));
  await expect(chat(page).locator("#parley")).toHaveAttribute("data-external-id", "bob-88d2");
  await page.evaluate(() => Parley.logout());
  await expect(chat(page).locator("#parley")).not.toHaveAttribute("data-external-id", "bob-88d2");
  expect(await remembered(page)).not.toContain("secret");
});

test("another customer gets nothing of the one before, who finds it again", async ({ newContext, host }) => {
  const page = await visit(newContext, host);
  const gate = await silent(page);
  const become = (id) => page.evaluate((session_id) => Parley.identify({ session_id }), id);
  await page.reload();
  await become("alice-5f1c");
  await write(page, "From Alice");
  await become("bob-88d2");
  await expect(chat(page).locator("#parley")).toHaveAttribute("data-external-id", "bob-88d2");
  gate.open = true;
  await write(page, "From Bob");
  await expect(sent(chat(page), "From Bob")).toBeVisible();
  await expect(own(page)).toHaveCount(1);
  await become("alice-5f1c");
  await expect(sent(chat(page), "From Alice")).toBeVisible();
  await expect(own(page)).toHaveCount(1);
  expect(gate.tries.filter(({ content }) => content === "From Alice").map((one) => one.external_id)).not.toContain(
    "bob-88d2",
  );
});

test("without storage for the frame, the site's pages keep the messages and the draft", async ({
  newContext,
  parley,
  host,
}) => {
  const context = await newContext();
  await context.addInitScript(() => {
    if (self === top) return;
    for (const kind of ["localStorage", "sessionStorage"])
      Object.defineProperty(window, kind, {
        get() {
          throw new DOMException("denied", "SecurityError");
        },
      });
  });
  const [page, other] = [await context.newPage(), await context.newPage()];
  for (const one of [page, other]) {
    await one.goto(host.url);
    await ready(one);
  }
  await parley.stop();
  for (let i = 1; i <= 3; i++) await write(page, `Message ${i}`);
  await field(page).fill("half a sen");
  await expect(own(other)).toHaveCount(3); // the other tab knows
  await expect.poll(() => page.evaluate(() => JSON.stringify(localStorage))).toContain("half a sen");
  await other.close();
  await Promise.all([failed(page), page.goto(`${host.url}/next`)]);
  await parley.restart();
  await expect(sent(chat(page), "Message 3")).toBeVisible();
  await expect(own(page).locator(".bubble")).toHaveText(["Message 1", "Message 2", "Message 3"]);
  await expect(field(page)).toHaveValue("half a sen");
  await expect.poll(() => page.evaluate(() => JSON.stringify(localStorage))).not.toContain("Message");
});

test("what a site has written to the unsent messages harms nothing", async ({ newContext, host }) => {
  const page = await visit(newContext, host);
  const root = chat(page).locator("#parley");
  const [conversation, id] = [
    await root.getAttribute("data-conversation-id"),
    await root.getAttribute("data-external-id"),
  ];
  await silent(page);
  const good = { client_id: "good", content: "Waits", lane: "", at: Date.now(), sender_type: "agent", id: "x", seq: 7 };
  const entries = {
    ...broken(conversation),
    [`parley_outbox:${conversation}:odd`]: JSON.stringify({ ...good, client_id: "odd", failed: "constructor" }),
    [`parley_outbox:${conversation}:good`]: JSON.stringify({ ...good, rich_media: { cards: 5, url: "javascript:0" } }),
    [`parley_kept_${conversation}`]: "7",
    [`parley_draft_${conversation}`]: "null",
    setItem: "no",
    __proto__: null,
  };
  const token = host.page.match(/ew_[^"]+/)[0];
  await page.evaluate(
    ([prefix, all]) => {
      for (const [key, value] of Object.entries(all)) localStorage.setItem(prefix + key, value);
    },
    [`cw_state_${token}\n${id}\n`, entries],
  );
  await page.reload();
  await ready(page);
  await expect(own(page)).toHaveText([/Waits/, /Waits/]);
  await expect(own(page).and(page.locator(".failed"))).toHaveCount(1);
  await expect(chat(page).locator("#messages > .message:not(.own):not(.greeting)")).toHaveCount(0);
  await write(page, "Beside it");
});

test("two tabs that write at the same time lose nothing", async ({ newContext, parley, host }) => {
  const context = await newContext();
  const [one, two] = [await context.newPage(), await context.newPage()];
  for (const page of [one, two]) {
    await page.goto(host.url);
    await ready(page);
  }
  await parley.stop();
  const many = async (page, name) => {
    const [, frame] = page.frames();
    await frame.evaluate((who) => {
      const content = document.getElementById("content");
      for (let i = 0; i < 15; i++) {
        content.value = `${who} ${i}`;
        content.dispatchEvent(new Event("input", { bubbles: true }));
        content.form.requestSubmit();
      }
    }, name);
  };
  await Promise.all([many(one, "one"), many(two, "two")]);
  for (const page of [one, two]) await expect(own(page)).toHaveCount(30);
  await two.close();
  await Promise.all([failed(one), one.goto(`${host.url}/next`)]);
  await parley.restart();
  await expect(chat(one).locator("#messages > .own.sent")).toHaveCount(30, { timeout: 40_000 });
});

test("a page of somebody else in the chat's place gets nothing", async ({ newContext, host }) => {
  const page = await visit(newContext, host);
  await silent(page);
  await page.reload();
  await write(page, "A secret");
  await field(page).fill("Another secret");
  await remembers(page, "A secret", "Another secret");
  const stranger = await site(`<!doctype html><title>Stranger</title><script>
    window.heard = [window.name, location.href, document.referrer];
    addEventListener("message", ({ data }) => heard.push(data));
    parent.postMessage({ parley: 1, type: "start" }, "*");
    parent.postMessage({ parley: 1, type: "ready" }, "*");
  </script>`);
  await page.route(/chat-widget\?/, (route) => route.fulfill({ status: 302, headers: { location: stranger.url } }));
  await page.goto(`${host.url}/next`);
  await page.waitForFunction(() => document.querySelector("iframe"));
  await expect.poll(() => page.frames()[1]?.url()).toContain(stranger.url);
  await page.evaluate(() => Parley.open());
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve))); // both messages have been heard
  expect(JSON.stringify(await page.frames()[1].evaluate(() => window.heard))).not.toContain("secret");
  const attributes = (frame) => frame.getAttributeNames().map((name) => frame.getAttribute(name));
  expect((await page.locator("iframe").evaluate(attributes)).join()).not.toContain("secret");
  await expect(page.locator("iframe")).toBeHidden();
});

test("a draft of any length leaves the site its storage", async ({ newContext, host }) => {
  const page = await visit(newContext, host);
  const [, frame] = page.frames();
  await frame.evaluate(() => {
    const content = document.getElementById("content");
    content.value = "y".repeat(4_000_000);
    content.dispatchEvent(new Event("input", { bubbles: true }));
  });
  const used = () => page.evaluate(() => JSON.stringify(localStorage).length);
  await expect.poll(used).toBeGreaterThan(10_000);
  expect(await used()).toBeLessThan(100_000);
});

test("the bubble shows that a message waits, and says it to screen readers", async ({ newContext, parley, host }) => {
  const page = await visit(newContext, host);
  const bubble = chat(page).locator("#bubble");
  const minimize = chat(page).getByRole("button", { name: "Minimize" });
  await write(page, "Sent at once");
  await expect(sent(chat(page), "Sent at once")).toBeVisible();
  await minimize.click();
  await expect(bubble).toBeVisible();
  await expect(chat(page).locator("#waits")).toBeHidden();
  await expect(bubble).toHaveAccessibleDescription("");
  await bubble.click();
  await parley.stop();
  await write(page, "Has to wait");
  await expect(own(page).last()).toContainText("Saved. Waiting for a connection.");
  await minimize.click();
  await expect(chat(page).locator("#waits")).toBeVisible();
  await expect(chat(page).locator("#badge")).toBeHidden();
  await expect(bubble).toHaveAccessibleDescription("A message is not sent yet.");
  expect(await violations(page.frames()[1])).toEqual([]);
  await parley.restart();
  await expect(chat(page).locator("#waits")).toBeHidden();
  await expect(bubble).toHaveAccessibleDescription("");
});

test("a message to a server that hangs soon says that it waits", async ({ newContext, parley, host }) => {
  const page = await visit(newContext, host);
  await write(page, "From before");
  await expect(sent(chat(page), "From before")).toBeVisible();
  parley.freeze();
  await write(page, "Into the silence");
  await expect(own(page).last()).toContainText("Saved, not sent yet.", { timeout: 10_000 });
  parley.thaw();
  await expect(sent(chat(page), "Into the silence")).toBeVisible();
});

test("in a full storage a message asks to keep the page open, and nobody is taken for the one before", async ({
  newContext,
  parley,
  host,
}) => {
  const page = await visit(newContext, host);
  await page.evaluate(() => Parley.identify({ session_id: "alice-5f1c" }));
  await expect(chat(page).locator("#parley")).toHaveAttribute("data-external-id", "alice-5f1c");
  await page.evaluate(() => {
    let text = "x".repeat(1 << 20);
    for (let i = 0; text; i++) {
      try {
        localStorage.setItem(`cart${i}`, text);
      } catch {
        text = text.slice(0, text.length >> 1);
      }
    }
  });
  await page.reload();
  await ready(page);
  await parley.stop();
  await write(page, `Only here ${"z".repeat(500)}`);
  await expect(own(page)).toContainText("Not sent yet. Keep this page open.");
  await parley.restart();
  await expect(sent(chat(page), "Only here")).toBeVisible();
  await page.evaluate(() => Parley.identify({ session_id: `bob-${"88d2".repeat(100)}` }));
  await page.goto(`${host.url}/next`);
  await ready(page);
  await expect(chat(page).locator("#parley")).not.toHaveAttribute("data-external-id", "alice-5f1c");
  await expect(own(page)).toHaveCount(0);
});

test("where the site has no storage either, a message that waits asks to keep the page open", async ({
  newContext,
  parley,
  host,
}) => {
  const page = await (await newContext()).newPage();
  await page.addInitScript(() =>
    Object.defineProperty(window, "localStorage", {
      get() {
        throw new DOMException("denied", "SecurityError");
      },
    }),
  );
  await page.goto(host.url);
  await ready(page);
  await parley.stop();
  await write(page, "Only here");
  await expect(own(page)).toContainText("Not sent yet. Keep this page open.");
  await parley.restart();
  await expect(sent(chat(page), "Only here")).toBeVisible();
});
