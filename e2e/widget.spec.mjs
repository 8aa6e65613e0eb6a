// The widget: what it shows, and its use by mouse, keyboard and screen reader.
import { randomUUID } from "node:crypto";
import { expect, logIn, received, say, sent, sideways, tabTo, violations } from "./journey.mjs";
import { test } from "./widget.mjs";

const log = (page) => page.locator("#log");
const messages = (page) => page.locator("#messages > .message");
const scrollTo = (page, top) => log(page).evaluate((node, y) => (node.scrollTop = y), top);
const PICTURES = "https://pictures.example";

// pictures serves images of another site. It returns release, which lets the slow one load.
async function pictures(context) {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await context.route(`${PICTURES}/*`, async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === "/slow.svg") await held;
    if (pathname === "/gone.svg") return route.fulfill({ status: 404 });
    await route.fulfill({
      contentType: "image/svg+xml",
      body:
        '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="400">' +
        '<rect width="90" height="400" fill="teal"/></svg>',
    });
  });
  return release;
}

test.describe("rich messages", () => {
  test.use({ mayLog: /404/ });

  test("an image has its size before it loads, opens in a viewer, and has a text if it is missing", async ({
    newContext,
    startConversation,
  }) => {
    const conversation = await startConversation();
    await conversation.answer("In its pot", "image", { url: `${PICTURES}/slow.svg`, alt: "A fern" });
    await conversation.answer("", "image", { url: `${PICTURES}/gone.svg`, alt: "A cactus" });
    const context = await newContext();
    const release = await pictures(context);
    const page = await context.newPage();
    await page.goto(conversation.url());
    const image = page.getByRole("button", { name: "A fern" });
    await expect(image).toBeVisible();
    // Not where it is on the screen: the list may still be scrolling.
    const box = () => image.evaluate((node) => [node.offsetTop, node.offsetWidth, node.offsetHeight]);
    const before = await box();
    release();
    await expect.poll(() => image.locator("img").evaluate((img) => img.naturalWidth)).toBe(90);
    expect(await box()).toEqual(before);
    expect(before[2]).toBe(150);
    await expect(page.getByText("This image can't be shown.")).toBeVisible();
    await expect(page.locator(".broken")).toContainText("A cactus");

    await tabTo(page, image);
    await page.keyboard.press("Enter");
    const viewer = page.getByRole("dialog");
    await expect(viewer).toBeVisible();
    await expect(viewer).toContainText("In its pot");
    await expect(viewer.getByRole("link", { name: "Open in a new tab" })).toHaveAttribute(
      "href",
      `${PICTURES}/slow.svg`,
    );
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await expect(viewer).toBeHidden();
    await expect(image).toBeFocused();
  });

  test("an image over http is shown as a link and not loaded", async ({ newContext, parley, startConversation }) => {
    const conversation = await startConversation();
    const url = "http://pictures.example/track.png";
    await conversation.answer("", "image", { url, alt: "A fern" });
    await conversation.answer("", "image", { url });
    await conversation.answer("Ours", "carousel", {
      cards: [{ title: "A card", image_url: url, buttons: [{ label: "Take it", value: "it" }] }],
    });
    const context = await newContext();
    const loaded = [];
    context.on("request", (request) => loaded.push(request.url()));
    const page = await context.newPage();
    await page.goto(conversation.url());
    await expect(page.getByRole("link", { name: "A fern" })).toHaveAttribute("href", url);
    await expect(page.getByRole("link", { name: "pictures.example" })).toHaveCount(2);
    await expect(page.locator(".card").getByRole("link", { name: "Image" })).toHaveAttribute("href", url);
    expect(await page.locator("#messages img[src^='http:']").count()).toBe(0);
    expect(loaded.filter((address) => address.includes("pictures.example"))).toEqual([]);
    expect(await violations(page)).toEqual([]);

    const agent = await newContext({ viewport: { width: 1280, height: 800 }, baseURL: parley.url });
    agent.on("request", (request) => loaded.push(request.url()));
    const inbox = await agent.newPage();
    await logIn(inbox, parley.seeded.agent);
    await inbox.goto(`/inbox/${conversation.who.conversation_id}`);
    await expect(inbox.getByRole("link", { name: /A fern/ })).toHaveAttribute("href", url);
    await expect(inbox.getByRole("link", { name: /Image of A card/ })).toHaveAttribute("href", url);
    expect(loaded.filter((address) => address.includes("pictures.example"))).toEqual([]);
    expect(await violations(inbox)).toEqual([]);
  });

  test("a carousel moves by arrow keys and buttons, and shows the choice in every tab", async ({
    newContext,
    startConversation,
  }) => {
    const conversation = await startConversation();
    const card = (title) => ({ title, subtitle: "Each its own", buttons: [{ label: `Take ${title}`, value: title }] });
    await conversation.answer("Plants", "carousel", { cards: ["Fern", "Moss", "Ivy", "Reed"].map(card) });
    const context = await newContext({ reducedMotion: "reduce" });
    const [page, other] = [await context.newPage(), await context.newPage()];
    await page.goto(conversation.url());
    await other.goto(conversation.url());
    const cards = page.locator(".cards");
    await tabTo(page, cards);
    await page.keyboard.press("ArrowRight");
    await expect(page.getByText("2 of 4")).toBeVisible();
    await expect(page.getByText("Moss", { exact: true })).toBeInViewport({ ratio: 1 });
    await page.getByRole("button", { name: "Next" }).click();
    await expect(page.getByText("3 of 4")).toBeVisible();
    await page.getByRole("button", { name: "Previous" }).click();
    await expect(page.getByText("2 of 4")).toBeVisible();
    await tabTo(page, page.getByRole("button", { name: "Take Ivy" }));
    await page.keyboard.press("Enter");
    await expect(sent(page, "Take Ivy")).toBeVisible();
    for (const tab of [page, other]) {
      await expect(tab.getByRole("button", { name: "Take Ivy" })).toHaveAttribute("aria-pressed", "true");
      await expect(tab.getByRole("button", { name: "Take Fern" })).toBeDisabled();
    }
  });

  test("buttons, a dropdown and a file can be used by keyboard", async ({ newContext, parley, startConversation }) => {
    const conversation = await startConversation();
    await conversation.answer("Shall we?", "quick_button", {
      buttons: [
        { label: "Yes", value: "y" },
        { label: "No", value: "n" },
      ],
    });
    await conversation.answer("Where?", "dropdown", {
      placeholder: "Pick a place",
      options: [
        { label: "Here", value: "h" },
        { label: "There", value: "t" },
      ],
    });
    await conversation.answer("", "file", {
      url: `${parley.url}/static/app/icon.svg`,
      filename: `${"long name ".repeat(20)}fdp.exe`,
      size: 1_234_567,
    });
    const page = await (await newContext()).newPage();
    await page.goto(conversation.url());
    await tabTo(page, page.getByRole("button", { name: "No", exact: true }));
    await page.keyboard.press("Enter");
    await expect(sent(page, "No")).toBeVisible();
    await expect(page.getByRole("button", { name: "Yes" })).toBeDisabled();
    const select = page.getByRole("combobox", { name: "Pick a place" });
    await tabTo(page, select);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await expect(sent(page, "There")).toBeVisible();
    await expect(select).toBeDisabled();
    await expect(select).toHaveValue("t");
    const file = page.getByRole("link", { name: /^long name .*fdp\.exe EXE · 1\.2 MB$/ });
    await expect(file).toHaveAttribute("rel", /noopener/);
    expect((await file.boundingBox()).width).toBeLessThan(320);
    expect(await file.textContent()).not.toContain("\u202E");
    expect(await violations(page)).toEqual([]);
  });
});

test("loading older messages does not move the text being read", async ({ newContext, startConversation }) => {
  const conversation = await startConversation("first of all");
  for (let i = 1; i <= 310; i++) await conversation.answer(`number ${i} ${"and more words ".repeat(i % 7)}`);
  await conversation.say("read up to here");
  const page = await (await newContext()).newPage();
  await page.goto(conversation.url());
  await expect(sent(page, "read up to here")).toBeInViewport();
  await expect(messages(page)).toHaveCount(100);
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route("**/history/**before_seq**", async (route) => {
    await held;
    await route.continue();
  });
  await scrollTo(page, 300);
  await expect(page.locator("#older .skeleton")).toBeVisible(); // shown because the answer takes long
  const read = await log(page).evaluate((node) => {
    const top = node.getBoundingClientRect().top;
    const first = [...document.querySelectorAll(".message")].find(
      (message) => message.getBoundingClientRect().bottom > top,
    );
    return { seq: first.dataset.seq, y: first.getBoundingClientRect().top };
  });
  release();
  await expect(messages(page)).not.toHaveCount(100);
  const after = await page.locator(`[data-seq="${read.seq}"]`).evaluate((node) => node.getBoundingClientRect().top);
  expect(Math.abs(after - read.y)).toBeLessThan(60); // at most the height of the skeleton
  for (let i = 0; i < 6; i++) {
    await scrollTo(page, 0);
    if (await sent(page, "first of all").isVisible()) break;
    await page.waitForFunction(() => document.getElementById("log").scrollTop > 0);
  }
  await expect(sent(page, "first of all")).toBeVisible();
  await expect(page.locator("#messages > .message[data-seq]")).toHaveCount(313); // with the bot's answer
  const order = await page
    .locator("#messages > .message[data-seq]")
    .evaluateAll((nodes) => nodes.map((node) => Number(node.dataset.seq)));
  expect(order).toEqual([...order].sort((a, b) => a - b));
  await expect(page.locator(".day")).toHaveCount(1);
});

test("a reader who has scrolled up stays there, and sees how many messages are new", async ({
  newContext,
  startConversation,
}) => {
  const conversation = await startConversation();
  for (let i = 0; i < 30; i++) await conversation.answer(`line ${i}`);
  await conversation.say("read up to here");
  const page = await (await newContext()).newPage();
  await page.goto(conversation.url());
  await expect(sent(page, "read up to here")).toBeInViewport();
  await scrollTo(page, 100);
  await expect(page.getByRole("button", { name: "Go to the newest message" })).toBeVisible();
  const before = await log(page).evaluate((node) => {
    node.closest(".chat").style.transform = "translateY(4px)"; // as while the chat opens
    return node.scrollTop;
  });
  for (const text of ["new 1", "new 2", "new 3"]) await conversation.answer(text);
  const pill = page.getByRole("button", { name: "3 new" });
  await expect(pill).toBeVisible();
  expect(await log(page).evaluate((node) => node.scrollTop)).toBe(before);
  await expect(page.locator(".divider + .message")).toContainText("new 1");
  await pill.click();
  await expect(received(page, "new 3")).toBeInViewport();
  await expect(pill).toBeHidden();
  await conversation.answer("new 4");
  await expect(received(page, "new 4")).toBeInViewport();
  await say(page, "I have read it");
  await expect(page.locator(".divider")).toHaveCount(0);
});

test("a thousand live messages do not slow down or grow the page", async ({ newContext, startConversation }) => {
  test.setTimeout(120_000);
  const conversation = await startConversation();
  const page = await (await newContext()).newPage();
  await page.goto(conversation.url());
  await expect(sent(page, "Hello")).toBeVisible();
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable");
  const measure = async () => {
    await cdp.send("HeapProfiler.collectGarbage");
    const { metrics } = await cdp.send("Performance.getMetrics");
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  };
  const send = async (from, to) => {
    for (let i = from; i < to; i += 50)
      await Promise.all(Array.from({ length: 50 }, (_, j) => conversation.answer(`live ${i + j}`)));
    await expect(received(page, `live ${to - 1}`)).toBeInViewport();
  };
  await send(0, 500);
  const before = await measure();
  await send(500, 1500);
  const after = await measure();
  expect(await messages(page).count()).toBeLessThanOrEqual(400);
  expect(after.Nodes).toBeLessThan(before.Nodes * 1.4);
  expect(after.JSHeapUsedSize).toBeLessThan(before.JSHeapUsedSize * 1.4);
  expect((after.TaskDuration - before.TaskDuration) / 1000).toBeLessThan(0.1); // s of the main thread per message
  await scrollTo(page, 0);
  await expect.poll(() => messages(page).count()).toBeGreaterThan(400); // removed messages are loaded again
});

test("the page shows who answers, who is typing and what was read", async ({ newContext, startConversation }) => {
  const conversation = await startConversation("Is somebody there?");
  const page = await (await newContext()).newPage();
  await page.goto(conversation.url());
  await expect(page.locator("#presence")).toHaveText("You're talking to Alex Agent");
  await conversation.type();
  await expect(page.locator("#typing")).toContainText("Alex Agent is typing");
  await conversation.answer("I am");
  await expect(page.locator("#typing")).toBeHidden();
  await expect(page.locator("#messages .name").last()).toHaveText("Alex Agent");
  await conversation.answer("Try me now");
  await expect(received(page, "Try me now")).toHaveClass(/follows/); // one group: one name, one time
  await say(page, "One");
  await say(page, "Two");
  const ids = await page.evaluate(async ({ conversation_id, external_id }) => {
    const answer = await fetch(`/chat-widget/history/${conversation_id}?external_id=${external_id}`);
    return (await answer.json()).filter(({ sender_type }) => sender_type === "end_user").map(({ id }) => id);
  }, conversation.who);
  await conversation.read(ids.slice(0, 2));
  await expect(sent(page, "One").getByText("Read")).toBeVisible();
  await conversation.read(ids);
  await expect(sent(page, "Two").getByText("Read")).toBeVisible();
  await expect(page.getByText("Read", { exact: true })).toHaveCount(1);
  await page.reload();
  await expect(sent(page, "Two").getByText("Read")).toBeVisible();
});

test("the page joins with the name and the token that it was opened with", async ({ newContext, parley }) => {
  const { url, seeded } = parley;
  const page = await (await newContext()).newPage();
  const joins = [];
  page.on("websocket", (socket) =>
    socket.on("framesent", ({ payload }) => /"join_conversation"/.test(payload) && joins.push(payload)),
  );
  await page.goto(
    `${url}/chat-widget?embed_token=${seeded.embed_token}&session_id=${randomUUID()}&customer_name=Jo+Doe`,
  );
  await expect.poll(() => joins.join()).toContain('"customer_name":"Jo Doe"');
  expect(joins.join()).toContain(`"embed_token":"${seeded.embed_token}"`);
});

test("hostile texts, names and titles are shown as text and keep the layout", async ({
  newContext,
  startConversation,
}) => {
  const evil = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
  const conversation = await startConversation(evil);
  await conversation.say("x".repeat(10_000));
  await conversation.answer("line\n".repeat(500));
  await conversation.answer(`\u202E turned around ${evil}`);
  await conversation.answer("👩‍👩‍👧‍👦");
  await conversation.answer(
    "[a](javascript:alert(1)) javascript:alert(1) data:text/html,x https://example.com/(a)?b=c. " +
      "mailto:a@example.com me@example.com www.example.com!",
  );
  await conversation.answer(evil, "quick_button", {
    buttons: [
      { label: "<b>bold</b>".slice(0, 80), value: "x" },
      { label: "\u202E".repeat(20) + "turned", value: "y" },
      { label: "w".repeat(80), value: "z" },
    ],
  });
  await conversation.answer("", "carousel", {
    cards: [
      { title: "t".repeat(80), subtitle: "s".repeat(200), buttons: [{ label: "l".repeat(80), value: "v" }] },
      { title: evil.slice(0, 80) },
    ],
  });
  await conversation.answer("", "dropdown", {
    placeholder: "p".repeat(80),
    options: [{ label: "o".repeat(80), value: "o" }],
  });
  const page = await (await newContext({ viewport: { width: 320, height: 480 } })).newPage();
  await page.goto(conversation.url(`&title=${encodeURIComponent(`${evil} ${"long".repeat(100)}`)}`));
  await expect(page.getByRole("heading")).toContainText("<img src=x");
  await expect(received(page, "turned around")).toBeVisible();
  expect(await page.title()).toContain("<img src=x");
  expect(await page.locator("#messages b, #messages script, #messages img").count()).toBe(0);
  expect(await sideways(page)).toBe(0);
  expect(await log(page).evaluate((node) => node.scrollWidth - node.clientWidth)).toBe(0);
  const links = await received(page, "[a]")
    .locator("a")
    .evaluateAll((found) => found.map((a) => a.getAttribute("href")));
  expect(links).toEqual([
    "https://example.com/(a)?b=c",
    "mailto:a@example.com",
    "mailto:me@example.com",
    "https://www.example.com/",
  ]);
  await expect(received(page, "👩‍👩‍👧‍👦").locator(".emoji-only")).toBeVisible();

  const long = sent(page, "x".repeat(100));
  expect((await long.boundingBox()).height).toBeLessThan(1000);
  await long.getByRole("button", { name: "Show more" }).click();
  await expect(long.locator(".text")).toHaveText("x".repeat(10_000));
  await long.getByRole("button", { name: "Show less" }).click();
  await expect(long.locator(".text")).toHaveText(/^x{800}…$/);
  expect(await sideways(page)).toBe(0);
});

test("an unsent text survives a reload", async ({ newContext, startConversation }) => {
  const conversation = await startConversation();
  const page = await (await newContext()).newPage();
  await page.goto(conversation.url());
  const field = page.getByLabel("Message", { exact: true });
  await expect(page.getByRole("button", { name: "Send" })).toBeDisabled();
  const low = (await field.boundingBox()).height;
  await field.pressSequentially("one");
  await field.press("Shift+Enter");
  await field.pressSequentially("two");
  await expect(page.getByRole("button", { name: "Send" })).toBeEnabled();
  expect((await field.boundingBox()).height).toBeGreaterThan(low);
  expect(await field.evaluate((node) => getComputedStyle(node).fontSize)).toBe("16px");
  await page.reload();
  await expect(field).toHaveValue("one\ntwo");
  await page.getByRole("button", { name: "Emoji" }).click();
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(field).toHaveValue("one\ntwo😊");
  await expect(field).toBeFocused();
  await field.press("Enter");
  await expect(sent(page, "two😊")).toBeVisible();
  await expect(field).toHaveValue("");
  await page.reload();
  await expect(field).toHaveValue("");
});

test("one tab plays the sound, and it can be switched off", async ({ newContext, startConversation }) => {
  const conversation = await startConversation();
  const context = await newContext();
  await context.addInitScript(() => {
    window.played = 0;
    const { start } = OscillatorNode.prototype;
    OscillatorNode.prototype.start = function (...when) {
      window.played++;
      return start.apply(this, when);
    };
    document.hasFocus = () => false; // the end user looks at another window
  });
  const tabs = [await context.newPage(), await context.newPage()];
  for (const tab of tabs) {
    await tab.goto(conversation.url());
    await expect(sent(tab, "Hello")).toBeVisible();
  }
  await conversation.answer("before any gesture");
  for (const tab of tabs) {
    await expect(received(tab, "before any gesture")).toBeVisible();
    await tab.locator("h1").click();
  }
  await conversation.answer("after one");
  for (const tab of tabs) await expect(received(tab, "after one")).toBeVisible();
  const played = () => Promise.all(tabs.map((tab) => tab.evaluate(() => window.played)));
  await expect.poll(async () => (await played()).sort()).toEqual([0, 2]); // one tab plays two notes
  const tab = await context.newPage();
  await tab.goto(conversation.url());
  await tab.getByRole("button", { name: "Options" }).click();
  await tab.getByLabel("Sound").uncheck();
  await tab.reload();
  await tab.getByRole("button", { name: "Options" }).click();
  await expect(tab.getByLabel("Sound")).not.toBeChecked();
});

const titles = {
  en: "Chat with us",
  de: "Chatten Sie mit uns",
  fr: "Discutez avec nous",
  es: "Chatea con nosotros",
  it: "Chatta con noi",
  pt: "Fale conosco",
  nl: "Chat met ons",
  pl: "Porozmawiaj z nami",
  ja: "チャットでお問い合わせ",
  ar: "تحدّث معنا",
};

test("the page has ten languages, chosen by its URL or by the browser", async ({ newContext, startConversation }) => {
  const conversation = await startConversation();
  for (const [tag, title] of Object.entries(titles)) {
    const page = await (await newContext({ locale: tag })).newPage();
    await page.goto(conversation.url());
    await expect(page.locator("html")).toHaveAttribute("lang", tag);
    await expect(page.getByRole("heading")).toHaveText(title);
    await expect(page.locator(".day").first()).not.toBeEmpty();
    await page.goto(conversation.url(`&lang=${tag === "en" ? "de" : "en"}&title=Mine`));
    await expect(page.getByRole("heading")).toHaveText("Mine");
    await expect(page.locator("html")).toHaveAttribute("lang", tag === "en" ? "de" : "en");
    await page.context().close();
  }
});

test("a page from right to left fits 320 px", async ({ newContext, startConversation }) => {
  const conversation = await startConversation("مرحبا");
  await conversation.answer("Left to right, with a dot at its end.");
  await conversation.answer("", "carousel", { cards: ["One", "Two", "Three"].map((title) => ({ title })) });
  const page = await (
    await newContext({ viewport: { width: 320, height: 480 }, locale: "ar", reducedMotion: "reduce" })
  ).newPage();
  await page.goto(conversation.url());
  await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
  expect(await sideways(page)).toBe(0);
  const own = await sent(page, "مرحبا").locator(".bubble").boundingBox();
  const other = await received(page, "Left to right").locator(".bubble").boundingBox();
  expect(own.x).toBeLessThan(24); // own messages are at the end of the line, which is left
  expect(other.x + other.width).toBeGreaterThan(260);
  await page.locator(".cards").focus();
  await page.keyboard.press("ArrowLeft"); // to the next card
  await expect(page.getByText("Two", { exact: true })).toBeInViewport({ ratio: 1 });
  expect(await violations(page)).toEqual([]);
});

test("nothing moves for readers who prefer reduced motion", async ({ newContext, startConversation }) => {
  const conversation = await startConversation();
  const page = await (await newContext({ reducedMotion: "reduce" })).newPage();
  await page.goto(conversation.url());
  await expect(page.locator("#presence")).toBeVisible(); // the room is joined
  await conversation.type();
  await expect(page.locator("#typing")).toBeVisible();
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
});

test.describe("without a server", () => {
  test.use({ mayLog: /503|ERR_/ });
  test("history that can't be loaded shows an error and can be retried", async ({ newContext, startConversation }) => {
    const conversation = await startConversation("Am I still here?");
    const page = await (await newContext()).newPage();
    let broken = true;
    let failures = 0;
    await page.route("**/chat-widget/history/**", (route) => {
      if (!broken) return route.continue();
      failures++;
      return route.fulfill({ status: 503, headers: { "Retry-After": "60" }, body: "{}" }); // not by itself before
    });
    await page.goto(conversation.url());
    await expect.poll(() => failures).toBe(2); // on opening, and again after joining the room
    await expect(page.getByText("Couldn't load the messages.")).toBeVisible();
    broken = false;
    await page.getByRole("button", { name: "Retry" }).click();
    await expect(sent(page, "Am I still here?")).toBeVisible();
    await expect(page.getByText("Couldn't load the messages.")).toHaveCount(0);
  });
});
