// The inbox: what an agent sees and does in it, with its own server and end users connected by Socket.IO.
import { randomUUID } from "node:crypto";
import { io } from "socket.io-client";
import { answer, expect, inThread, openEditor, openThread, row, sideways, test } from "./journey.mjs";
import { start } from "./parley.mjs";

let parley;
test.beforeAll(async () => {
  parley = await start({ env: { WIDGET_RATE_LIMIT: "off" }, silent: true });
});
test.afterAll(() => parley.remove());

const sockets = [];
test.afterEach(() => {
  for (const socket of sockets.splice(0)) socket.disconnect();
});

let named = 0;

// endUser connects an end user, who sends each of texts.
async function endUser({
  name = `Guest ${++named}-${process.pid}-${Date.now() % 100_000}`,
  id = randomUUID(),
  texts = ["Hello"],
} = {}) {
  const query = { embed_token: parley.seeded.embed_token, session_id: id, customer_name: name };
  const page = await fetch(`${parley.url}/chat-widget?${new URLSearchParams(query)}`);
  const conversation_id = (await page.text()).match(/data-conversation-id="([^"]*)"/)[1];
  const who = { conversation_id, external_id: id };
  const socket = io(parley.url, {
    forceNew: true,
    transports: ["websocket"],
    extraHeaders: { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0" },
  });
  sockets.push(socket);
  const call = (event, payload) => socket.timeout(10_000).emitWithAck(event, { ...who, ...payload });
  await call("join_conversation");
  const say = async (content) => {
    const ack = await call("send_message", { content, content_type: "text", sender_type: "end_user" });
    expect(ack.ok).toBe(true);
  };
  for (const text of texts) await say(text);
  return { name, id, who, call, say };
}

async function logIn(page, path = "/inbox", who = parley.seeded.agent) {
  await page.goto(parley.url + path);
  await page.getByLabel("Email").fill(who.email);
  await page.getByLabel("Password").fill(who.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.locator("#inbox")).toBeVisible();
}

async function agent(newContext, { path, who, ...options } = {}) {
  const page = await (await newContext(options)).newPage();
  await logIn(page, path, who);
  return page;
}

const message = (page) => page.getByLabel("Message", { exact: true });
test("the inbox shows three panes, a drawer or one pane, and a reload keeps the panel's state", async ({
  newContext,
}) => {
  const { name, id, call } = await endUser();
  await call("visit", {
    page_url: "https://shop.example/plans",
    page_title: "Plans <b>",
    time_zone: "Asia/Tokyo",
    language: "de",
  });
  const page = await agent(newContext, { viewport: { width: 1440, height: 900 } });
  await openThread(page, name);
  const panel = page.locator("#panel");
  for (const pane of ["#list", "#log", "#panel"]) await expect(page.locator(pane)).toBeVisible();
  await expect(panel).toContainText(id);
  await expect(panel.getByRole("link", { name: "Plans <b>" })).toHaveAttribute("rel", "noopener noreferrer nofollow");
  await expect(panel).toContainText("Firefox 128 on Linux");
  await expect(panel).toContainText("German");
  const tokyo = new Intl.DateTimeFormat("en-US", { hour: "numeric", minute: "2-digit", timeZone: "Asia/Tokyo" });
  await expect
    .poll(
      async () =>
        tokyo.format() === (await panel.locator("[data-zone]").innerText()).replace(/\s/g, " ") ||
        panel.locator("[data-zone]").innerText(),
    )
    .toBe(true);
  await call("visit", { page_url: "https://shop.example/cart", page_title: "Your cart" });
  await expect(panel.getByRole("link", { name: "Your cart" })).toBeVisible();

  await page.getByRole("link", { name: "Close details" }).click();
  await expect(panel).toBeHidden();
  await page.reload();
  await expect(page.locator("#log")).toBeVisible();
  await expect(panel).toBeHidden();
  await page.locator("#panel-open").click();
  await expect(panel).toBeVisible();
  await page.reload();
  await expect(panel).toBeVisible();

  await page.setViewportSize({ width: 1024, height: 768 });
  await expect(panel).toBeHidden();
  await page.locator("#panel-open").click();
  await expect(panel).toBeFocused();
  await expect(page.locator("#list")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(panel).toBeHidden();

  await page.setViewportSize({ width: 360, height: 740 });
  await expect(page.locator("#list")).toBeHidden();
  expect(await sideways(page)).toBe(0);
  const box = await page.locator("#composer").boundingBox();
  expect(box.y + box.height).toBeLessThanOrEqual(740);
  await page.locator("#panel-open").click();
  await expect(page.locator("#log")).toBeVisible(); // the panel covers it
  expect(await sideways(page)).toBe(0);
  await page.getByRole("link", { name: "Close details" }).click();
  await page.getByRole("link", { name: "Back to the list" }).click();
  await expect(page.locator("#list")).toBeVisible();
  await expect(page.locator("#log")).toHaveCount(0);
});

test("search finds by name and by External ID, and stays while conversations open", async ({ newContext }) => {
  const [one, other] = [await endUser({ name: "Zebulon Ørsted" }), await endUser()];
  const page = await agent(newContext, { path: "/inbox?filter=all" });
  await expect(row(page, other.name)).toBeVisible();
  for (const text of ["zebu", one.id.slice(3, 12)]) {
    await page.locator("#search").fill(text);
    await expect(row(page, other.name)).toHaveCount(0);
    await expect(row(page, one.name)).toBeVisible();
  }
  await expect(page.locator("#search")).toBeFocused();
  await one.say("Still found when something happens"); // the list is redrawn with its search
  await expect(row(page, one.name)).toContainText("Still found");
  await expect(row(page, other.name)).toHaveCount(0);
  await row(page, one.name).click();
  await expect(page.locator("#thread-name")).toHaveText(one.name);
  await page.reload();
  await expect(page.locator(".row")).toHaveCount(1);
  await page.locator("#search").fill("nobody has this name");
  await expect(page.getByRole("heading", { name: "No results" })).toBeVisible();
  await page.locator("#search").fill("");
  await expect(row(page, other.name)).toBeVisible();
});

test("a search that was typed before the scripts run is not lost", async ({ newContext }) => {
  const [one, other] = [await endUser({ name: "Quillon Early" }), await endUser()];
  const page = await agent(newContext, { path: "/inbox?filter=all" });
  let run;
  const typed = new Promise((resolve) => (run = resolve));
  await page.route("**/htmx.min.js*", async (route) => {
    await typed;
    await route.continue();
  });
  await page.reload({ waitUntil: "commit" });
  await expect(row(page, other.name)).toBeVisible();
  await page.locator("#search").fill("quillon");
  run();
  await expect(row(page, other.name)).toHaveCount(0);
  await expect(row(page, one.name)).toBeVisible();
});

test("the list keeps its order under the pointer, and offers the new one", async ({ newContext }) => {
  const [first, second] = [await endUser(), await endUser()];
  const page = await agent(newContext, { viewport: { width: 1440, height: 900 } });
  const names = () => page.locator(".row-name").allInnerTexts();
  await expect(row(page, first.name)).toBeVisible();
  await row(page, first.name).hover();
  const before = await names();
  const third = await endUser();
  const button = page.locator("#list-changed");
  await expect(button).toHaveText("1 new conversation");
  await first.say("I move up, but not now");
  await expect(row(page, first.name)).toContainText("I move up"); // in its old place
  expect(await names()).toEqual(before);
  await page.mouse.move(1200, 20);
  await expect(button).toBeHidden(); // the pointer has left
  expect((await names()).slice(0, 2)).toEqual([first.name, third.name]);

  await page.locator(`.row[data-conversation-id="${second.who.conversation_id}"]`).focus();
  await second.say("I move up too");
  await expect(button).toHaveText("Show newest first");
  expect((await names())[0]).toBe(first.name);
  await button.click();
  await expect.poll(async () => (await names())[0]).toBe(second.name);
  await expect(button).toBeHidden();
});

test("selected, unread, hovered and focused rows look different", async ({ newContext }) => {
  const [open, unread, plain] = [await endUser(), await endUser(), await endUser()];
  const page = await agent(newContext, { viewport: { width: 1440, height: 900 } });
  for (const { name } of [plain, open]) {
    await openThread(page, name);
    await expect(row(page, name).locator(".badge")).toHaveCount(0);
  }
  await expect(row(page, unread.name).locator(".badge")).toHaveText(/1/);
  const look = (name) =>
    row(page, name).evaluate((node) => {
      const [own, title] = [getComputedStyle(node), getComputedStyle(node.querySelector(".row-name"))];
      return [own.backgroundColor, own.outlineStyle, title.fontWeight].join();
    });
  await page.mouse.move(1200, 20);
  const looks = [await look(plain.name), await look(open.name), await look(unread.name)];
  await row(page, plain.name).hover();
  looks.push(await look(plain.name));
  await page.mouse.move(1200, 20);
  await page.locator("#search").focus();
  for (const key of ["Tab", "Tab", "Tab", "Tab"]) await page.keyboard.press(key);
  await row(page, plain.name).focus();
  looks.push(await look(plain.name));
  expect(new Set(looks).size).toBe(5);
});

test("claim, unassign, resolve and reopen can be undone, and other agents see them live", async ({ newContext }) => {
  const [older, newer] = [await endUser(), await endUser()];
  const page = await agent(newContext, { viewport: { width: 1440, height: 900 } });
  const onlooker = await agent(newContext, {
    who: parley.seeded.admin,
    path: `/inbox/${newer.who.conversation_id}?filter=all`,
  });
  const toast = (text) => page.locator("#toasts").getByText(text);
  const lines = onlooker.locator("#messages > .line");
  await openThread(page, newer.name);
  await page.getByRole("button", { name: "Claim" }).click();
  await expect(page.locator("#thread-header")).toContainText("Assigned to you");
  await expect(lines).toHaveText([/Claimed by Alex Agent/]);
  await expect(toast("You claimed this conversation.")).toBeVisible();
  await page.locator("#toasts").getByRole("button", { name: "Undo" }).click();
  await expect(page.getByRole("button", { name: "Claim" })).toBeVisible();
  await expect(lines).toHaveCount(0);
  await page.getByRole("button", { name: "Claim" }).click();
  await page.locator("#thread-more summary").click();
  await page.getByRole("button", { name: "Unassign" }).click();
  await expect(page.locator("#thread-header")).toContainText("Unassigned");

  await page.locator("#resolve").click();
  await page.locator("#tags-resolve").fill("refund");
  await page.locator("#submit-resolve").click();
  await expect(page.locator("#thread-header")).toContainText("Resolved");
  await expect(lines.last()).toContainText("Resolved refund");
  await expect(message(page)).toBeHidden();
  await page.locator("#toasts").getByRole("button", { name: "Undo" }).last().click();
  await expect(message(page)).toBeVisible();
  await expect(lines).toHaveCount(0);

  await page.locator("#resolve").click();
  await page.locator("#resolve-next").click();
  await expect(page.locator("#thread-name")).toHaveText(older.name);
  expect(new URL(page.url()).pathname).toBe(`/inbox/${older.who.conversation_id}`);
  await page.goBack();
  await expect(page.locator("#thread-name")).toHaveText(newer.name);
  await page.locator("#thread-header #reopen").click();
  await expect(page.locator(".thread-facts .tag")).toHaveText("refund");
  await expect(message(page)).toBeFocused();
});

test.describe("a claim that comes second", () => {
  test.use({ mayLog: /409|Failed to fetch|ERR_FAILED/ });
  test("shows who was first, and updates the header", async ({ newContext }) => {
    const { name, who } = await endUser();
    const [winner, loser] = [await agent(newContext, { who: parley.seeded.admin }), await agent(newContext)];
    await openThread(loser, name);
    let claims = false;
    loser.on("request", (request) => (claims ||= request.method() === "POST" && /[/]claim[?]/.test(request.url())));
    await loser.route("**/header?*", (route) => (claims ? route.continue() : route.abort())); // out of date
    await openThread(winner, name);
    await winner.getByRole("button", { name: "Claim" }).click();
    await expect(winner.locator("#thread-header")).toContainText("Assigned to you");
    await loser.locator("#claim").evaluate((button) => button.form.requestSubmit());
    await expect(loser.locator("#notice")).toHaveText(/This conversation was claimed by Dana Demo\./);
    await expect(loser.locator("#thread-header")).toContainText("Assigned to Dana Demo");
    await expect(loser.locator(`[data-line]`)).toContainText("Claimed by Dana Demo");
    expect(loser.url()).toContain(who.conversation_id);
  });
});

const editor = (page) => page.locator("#rich-media-form");
const preview = (page) => page.locator("#rich-preview");

test("the preview of a rich message shows it as it will be sent", async ({ newContext }) => {
  const { name } = await endUser();
  const page = await agent(newContext, { viewport: { width: 1440, height: 900 } });
  await openThread(page, name);
  const shown = async (locate) => {
    await expect(locate(preview(page))).toBeVisible();
    await page.locator("#rich-send").click();
    await expect(editor(page)).toHaveCount(0);
    await expect(locate(page.locator("#messages"))).toBeVisible();
    await expect(message(page)).toBeFocused();
  };
  await openEditor(page, "Quick buttons");
  await expect(page.getByLabel("Question")).toBeFocused();
  await page.keyboard.type("Shall we?");
  await page.getByLabel("Label 1").fill("Yes");
  await page.getByRole("button", { name: "Add a button" }).click();
  await page.getByLabel("Label 3").fill("Perhaps");
  await page.getByLabel("Label 2").fill("No");
  await expect(preview(page).getByRole("button")).toHaveText(["Yes", "No", "Perhaps"]);
  await page.getByRole("button", { name: "Remove row 2" }).click();
  await expect(page.getByLabel("Label 3")).toHaveCount(0);
  await expect(page.getByLabel("Label 2")).toHaveValue("Perhaps");
  await page.getByLabel("Type").selectOption("dropdown"); // fields of both types are kept
  await expect(preview(page).getByRole("combobox")).toBeVisible();
  await expect(page.getByLabel("Label 2")).toHaveValue("Perhaps");
  await page.getByLabel("Placeholder").fill("Well?");
  await shown((within) => within.getByRole("combobox", { name: "Well?" }));

  await openEditor(page, "Quick buttons");
  await page.getByLabel("Label 1").fill("Only one");
  await page.keyboard.press("Enter"); // sends, and removes no row
  await expect(editor(page)).toHaveCount(0);
  await expect(page.locator("#messages").getByRole("button", { name: "Only one" })).toBeVisible();

  await openEditor(page, "Carousel");
  await page.getByLabel("Title", { exact: true }).fill("First card");
  await page.getByRole("button", { name: "Add a card" }).click();
  await page.getByLabel("Title", { exact: true }).last().fill("Second card");
  await shown((within) => within.getByText("Second card"));

  await openEditor(page, "Image");
  await page.getByLabel("Image URL").fill(`${parley.url}/static/app/icon.svg`);
  await page.getByLabel("Description of the image").fill("A mark");
  await shown((within) => within.getByRole("img", { name: "A mark" }));
  await page.locator("#messages").getByRole("img", { name: "A mark" }).click();
  await expect(page.locator("#viewer")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.locator("#viewer")).toBeHidden();

  await openEditor(page, "File");
  await page.getByLabel("File URL").fill("https://example.com/a.pdf");
  await page.getByLabel("File name").fill("offer.pdf");
  await shown((within) => within.getByRole("link", { name: "offer.pdf" }));
});

test.describe("a refused message", () => {
  test.use({ mayLog: /400|Failed to load resource|Failed to fetch|ERR_/ });
  test("stays in the editor, with the error beside its field", async ({ newContext }) => {
    const { name } = await endUser();
    const page = await agent(newContext);
    await openThread(page, name);
    await openEditor(page, "Image");
    await page.getByLabel("Image URL").fill("javascript:alert(1)");
    await page.getByLabel("Text below the image").fill("kept");
    await page.locator("#rich-send").click();
    await expect(page.getByLabel("Image URL")).toHaveAttribute("aria-invalid", "true");
    await expect(page.getByLabel("Image URL")).toBeFocused();
    await expect(page.getByLabel("Image URL")).toHaveAccessibleDescription(/starts with http/);
    await expect(page.getByLabel("Text below the image")).toHaveValue("kept");
    await expect(page.locator("#notice .notice")).toHaveCount(0);
    await page.getByLabel("Image URL").fill(`${parley.url}/no-such-image.png`);
    await page.locator("#rich-send").click();
    await expect(editor(page)).toHaveCount(0);
    await expect(page.locator("#messages")).toContainText("The image can't be shown.");
  });

  test("stays in the composer if it is a text", async ({ newContext }) => {
    const { name } = await endUser();
    const page = await agent(newContext);
    await openThread(page, name);
    const colleague = await agent(newContext, { who: parley.seeded.admin });
    await openThread(colleague, name);
    await page.route("**/header?*", (route) => route.abort()); // so that its header is out of date
    await colleague.locator("#resolve").click();
    await colleague.locator("#submit-resolve").click();
    await expect(colleague.locator("#thread-header")).toContainText("Resolved");
    await message(page).fill("Too late");
    await message(page).press("Enter");
    await expect(page.locator("#composer-error")).toBeVisible();
    await expect(message(page)).toHaveValue("Too late");
    await expect(page.locator(".message-sending")).toHaveCount(0);
  });
});

test("drafts stay with their conversation and survive a reload", async ({ newContext }) => {
  const [one, two] = [await endUser(), await endUser()];
  const page = await agent(newContext);
  await openThread(page, one.name);
  await expect(page.locator("#send")).toBeDisabled();
  await message(page).fill("half an answer");
  await expect(page.locator("#send")).toBeEnabled();
  await openThread(page, two.name);
  await expect(message(page)).toHaveValue("");
  await openThread(page, one.name);
  await expect(message(page)).toHaveValue("half an answer");
  await page.reload();
  await expect(message(page)).toHaveValue("half an answer");
  await message(page).press("Enter");
  await expect(inThread(page, "half an answer")).toBeVisible();
  await page.reload();
  await expect(message(page)).toHaveValue("");
});

test("Enter starts a new line if the agent has chosen so", async ({ newContext }) => {
  const { name } = await endUser();
  const page = await agent(newContext);
  await openThread(page, name);
  await expect(page.locator("#composer-help")).toHaveText(/^Enter sends/);
  await page.evaluate(() => localStorage.setItem("parley_settings", JSON.stringify({ enter_sends: false })));
  await page.reload();
  await expect(page.locator("#composer-help")).toHaveText(/^Shift\+Enter sends/);
  await message(page).fill("one");
  await message(page).press("Enter");
  await page.keyboard.type("two");
  await expect(message(page)).toHaveValue("one\ntwo");
  await message(page).press("Shift+Enter");
  await expect(inThread(page, "two")).toBeVisible();
  await expect(message(page)).toHaveValue("");
});

test("messages are grouped by sender and day, and new ones are marked", async ({ newContext }) => {
  const { name, say } = await endUser({ texts: [] });
  await say("One");
  const page = await agent(newContext, { viewport: { width: 1440, height: 500 } });
  await openThread(page, name);
  await page.getByRole("button", { name: "Claim" }).click();
  await expect(page.locator("#messages > [data-line=claimed]")).toBeVisible();
  await expect(page.locator("#messages > .day")).toHaveText(["Today"]);
  await expect(page.locator("#divider + .message")).toContainText("One");
  await say("Two 🎉");
  await say("🎉");
  const gaps = () =>
    page
      .locator("#messages > .message-end_user")
      .evaluateAll((all) => all.map((item) => getComputedStyle(item).paddingTop));
  await expect.poll(gaps).toEqual(["12px", "12px", "3px"]); // the line of the claim is between the first two
  await expect(page.locator(".message-emoji")).toHaveText("🎉");
  for (let i = 0; i < 15; i++) await answer(page, `Answer ${i}`);
  await page.locator("#log").evaluate((log) => (log.scrollTop = 0));
  for (const text of ["three", "four", "five"]) await say(text);
  await expect(page.locator("#newer")).toHaveText("3 new");
  await expect(page.locator("#divider + .message")).toContainText("three");
  await page.locator("#newer").click();
  await expect(inThread(page, "five")).toBeInViewport();
  await expect(page.locator("#newer")).toBeHidden();
});

test("hostile names and messages are shown as text and keep the layout", async ({ newContext }) => {
  const evil = `<img src=x onerror="document.title='owned'">`;
  const name = `\u202Eeman ${evil}${"x".repeat(60)}`;
  const texts = [
    `${evil}<script>document.title='owned'</script>`,
    "w".repeat(10_000),
    "\u202Egnp.exe\u2066",
    "line\n".repeat(60),
    "javascript:alert(1) https://bank.example@evil.example/ https://good.example/a?b=c.",
    "👩‍👩‍👧‍👦".repeat(300),
  ];
  const { who } = await endUser({ name, id: `\u202E${"id".repeat(60)}`, texts });
  for (const viewport of [
    { width: 1440, height: 900 },
    { width: 360, height: 740 },
  ]) {
    const page = await agent(newContext, { viewport, path: `/inbox/${who.conversation_id}?filter=all` });
    await expect(page.locator("#messages")).toContainText("good.example");
    expect(await sideways(page)).toBe(0);
    const wide = await page
      .locator("#log, #list, #panel")
      .evaluateAll((panes) => panes.map((pane) => pane.scrollWidth - pane.clientWidth));
    expect(wide.every((pixels) => pixels <= 0)).toBe(true);
    const links = page.locator("#messages .message-text a");
    await expect(links).toHaveCount(1);
    await expect(links).toHaveAttribute("href", "https://good.example/a?b=c");
    await expect(links).toHaveAttribute("rel", "noopener noreferrer nofollow");
    const long = page.locator(".fold").first();
    const folded = (await long.boundingBox()).height;
    expect(folded).toBeLessThan(500);
    await long.getByText("Show more").click();
    expect((await long.boundingBox()).height).toBeGreaterThan(folded + 500);
    await long.getByText("Show less").click();
    for (const height of await page.locator(".row").evaluateAll((rows) => rows.map((item) => item.offsetHeight)))
      expect(height).toBeLessThanOrEqual(64);
    expect(await page.title()).not.toContain("owned");
  }
});

test.describe("without JavaScript", () => {
  test.use({ mayLog: /status of 400/ });
  test("an agent can do everything", async ({ newContext }) => {
    const { name } = await endUser({ texts: ["Hello", "https://shop.example/x"] });
    const page = await agent(newContext, { javaScriptEnabled: false, viewport: { width: 1024, height: 768 } });
    await page.locator("#search").fill(name);
    await page.locator("#search").press("Enter");
    await page.getByRole("link", { name }).click();
    await expect(inThread(page, "shop.example").locator("time")).toBeVisible();
    await expect(page.locator(".message").last()).toBeInViewport(); // the thread begins at its end
    await page.getByRole("button", { name: "Claim" }).click();
    await expect(page.getByText("Assigned to you")).toBeVisible();
    await message(page).fill("An answer");
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await expect(inThread(page, "An answer")).toBeVisible();

    await openEditor(page, "Carousel");
    await page.getByLabel("Title", { exact: true }).fill("First card");
    await page.getByRole("button", { name: "Add a card" }).click();
    await page.getByLabel("Title", { exact: true }).last().fill("Second card");
    await page.getByLabel("Image URL").last().fill("not an address");
    await page.locator("#rich-send").click();
    await expect(page.locator("#rich-media-form .error")).toContainText("http://");
    await page.getByLabel("Image URL").last().fill("");
    await page.getByLabel("Type").selectOption("quick_button");
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await page.getByLabel("Question").fill("Which?");
    await page.getByLabel("Label 1").fill("This");
    await page.getByRole("button", { name: "Add a button" }).click();
    await expect(page.locator("#rich-preview")).toContainText("This");
    await page.locator("#rich-send").click();
    await expect(page.locator("#messages").getByRole("button", { name: "This" })).toBeVisible();

    await page.locator("#thread-tags summary").click();
    await page.locator("#tags-tag").fill("billing, vip");
    await page.getByRole("button", { name: "Save tags" }).click();
    await expect(page.locator(".thread-facts .tag")).toHaveText(["billing", "vip"]);
    await page.locator("#panel-open").click();
    await expect(page.locator("#panel")).toBeVisible();
    await page.getByRole("link", { name: "Close details" }).click();
    await page.locator("#thread-more summary").click();
    await page.getByRole("button", { name: "Unassign" }).click();
    await expect(page.getByText("Unassigned", { exact: true })).toBeVisible();
    await page.locator("#resolve").click();
    await page.locator("#tags-resolve").fill("done");
    await page.locator("#submit-resolve").click();
    await expect(page.locator(".composer-closed")).toBeVisible();
    await expect(page.locator("#messages > .line").last()).toContainText("done");
    await page.locator(".composer-closed").getByRole("button", { name: "Reopen" }).click();
    await expect(message(page)).toBeVisible();
    expect(new URL(page.url()).searchParams.get("q")).toBe(name); // the search is kept throughout
  });
});
