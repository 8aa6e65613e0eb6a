// A text that is too long stays as it was pasted, with a note by how much, and is not sent. Neither is an invisible
// text.
import { readFileSync } from "node:fs";
import { expect, inThread, openWidget, sent, violations } from "./journey.mjs";
import { test } from "./company.mjs";

const LIMIT = 10_000; // characters of a message
const LONG = `${"😀".repeat(20)}${"a".repeat(LIMIT + 100)}`; // too long by 120
const INVISIBLE = ["\u200b", "\u2060\ufeff", "\u00ad", "\u3164", "\u2800", "\ufe0f", "\u{e0041}", "\u202e \u2066"];
const LANGUAGES = ["en", "de", "fr", "es", "it", "pt", "nl", "pl", "ja", "ar"];

// paste inserts text at the caret, as the browser does: maxlength would cut it.
async function paste(page, field, text) {
  await field.fill("");
  await field.focus();
  await page.keyboard.insertText(text);
}

const field = (page) => page.locator("#content");
const length = (input) => input.evaluate(({ value }) => [...value].length);

// refuses checks that neither the button nor Enter sends.
async function refuses(page) {
  await expect(page.locator("#send")).toBeDisabled();
  await field(page).press("Enter");
  await expect(page.locator("#messages > .message").filter({ hasText: /a{100}/ })).toHaveCount(0);
}

for (const language of LANGUAGES) {
  test(`the widget says that a message is too long, and does not send it, ${language}`, async ({ newContext }) => {
    const page = await (await newContext({ locale: language, viewport: { width: 380, height: 560 } })).newPage();
    await openWidget(page);
    const texts = JSON.parse(readFileSync(new URL(`../static/widget/language/${language}.json`, import.meta.url)));
    const said = texts.too_long[new Intl.PluralRules(language).select(120)].replace("{n}", "120");
    await paste(page, field(page), LONG);
    expect(await length(field(page))).toBe(LIMIT + 120);
    await expect(page.locator("#too-long")).toHaveText(said);
    await expect(field(page)).toHaveAccessibleDescription(said);
    await expect(field(page)).toHaveAttribute("aria-invalid", "true");
    await refuses(page);
    expect(await length(field(page))).toBe(LIMIT + 120);
    expect(await violations(page)).toEqual([]);
  });
}

test("the widget keeps a text that is too long over a reload, and sends it once it fits", async ({ newContext }) => {
  const page = await (await newContext()).newPage();
  await openWidget(page);
  await paste(page, field(page), LONG);
  await page.reload();
  await expect(page.locator("#too-long")).toHaveText("120 characters too long");
  await refuses(page);
  await field(page).fill(LONG.slice(0, -119));
  await expect(page.locator("#too-long")).toHaveText("1 character too long");
  await field(page).press("End");
  await field(page).press("Control+End");
  await field(page).press("Backspace");
  await expect(page.locator("#too-long")).toHaveText("");
  await field(page).press("Enter");
  await expect(sent(page, "😀a")).toBeVisible();
});

test("the composer says that an answer is too long, and does not send it", async ({ admin, newContext }) => {
  const endUser = await (await newContext()).newPage();
  await openConversation(admin, endUser);
  await paste(admin, field(admin), LONG);
  expect(await length(field(admin))).toBe(LIMIT + 120);
  await expect(field(admin)).toHaveAccessibleDescription(/120 characters too long/);
  await expect(admin.getByText("120 characters too long")).toBeVisible();
  await refuses(admin);
  expect(await violations(admin)).toEqual([]);
  await admin.reload(); // restores the draft
  await expect(admin.getByText("120 characters too long")).toBeVisible();
  await refuses(admin);
  await field(admin).fill(LONG.slice(0, -120));
  await expect(admin.getByText("too long")).toHaveCount(0);
  await field(admin).press("Enter");
  await expect(inThread(admin, "😀a")).toBeVisible();
});

test("an invisible text is not sent, by the widget or by the composer", async ({ admin, newContext }) => {
  const endUser = await (await newContext()).newPage();
  await openConversation(admin, endUser);
  for (const page of [endUser, admin]) {
    const messages = page.locator("#messages > .message");
    await expect(messages.filter({ hasText: "Hello" })).toBeVisible();
    const before = await messages.count();
    for (const text of INVISIBLE) {
      await paste(page, field(page), text);
      await expect(page.locator("#send")).toBeDisabled();
      await field(page).press("Enter");
    }
    const family = page === admin ? "👨‍👩‍👦" : "👨‍👩‍👧";
    await field(page).fill(family);
    await expect(page.locator("#send")).toBeEnabled();
    await field(page).press("Enter");
    await expect(messages.filter({ hasText: family }).first()).toBeVisible();
    expect(await messages.filter({ hasNotText: /./ }).count()).toBe(0);
    expect(await messages.count()).toBeGreaterThan(before);
  }
});

async function openConversation(admin, endUser) {
  const name = await openWidget(endUser);
  await field(endUser).fill("Hello");
  await field(endUser).press("Enter");
  await admin.goto("/inbox?filter=all");
  await admin.locator(".row").filter({ hasText: name }).click();
  await expect(admin.locator("#thread-name")).toHaveText(name);
}

// Pages with one field of each; one component builds them all.
const FIELDS = [
  ["/bots/new", "Greeting", 10_000],
  ["/bots/new", "When no rule matches", 10_000],
  ["/bots/new", "Answer", 10_000],
  ["/bots/new", "Message to the bot", 500],
  ["/profile", "Name", 100],
  ["/company/settings", "Name", 100],
  ["/company/team", "Email", 254],
];

for (const [path, label, limit] of FIELDS) {
  test(`${path}: a text pasted into "${label}" is not cut`, async ({ admin }) => {
    await admin.goto(path);
    if (label === "Answer") await admin.getByRole("button", { name: "Add a rule" }).click();
    const input = admin.getByLabel(label, { exact: true }).first();
    await paste(admin, input, "a".repeat(limit + 3));
    expect(await length(input)).toBe(limit + 3);
    await expect(input).toHaveAccessibleDescription(/3 characters too long$/);
    const said = admin.getByText("3 characters too long");
    await expect(said).toBeVisible();
    const saves = []; // trying a bot while it is edited saves nothing
    admin.on("request", (request) => request.isNavigationRequest() && saves.push(request.url()));
    await input.press("Enter");
    await input.evaluate((node) => node.form.requestSubmit());
    if (path.startsWith("/bots")) await admin.getByRole("button", { name: "Try" }).click();
    expect(saves).toEqual([]);
    await expect(admin.locator(".trial-messages").getByText("aaa")).toHaveCount(0);
    await input.fill("a".repeat(limit));
    await expect(said).toHaveCount(0);
    expect(await input.evaluate((node) => node.validity.customError)).toBe(false);
  });
}

test("no field but those for searches cuts a pasted text", async ({ admin, newContext }) => {
  const endUser = await (await newContext()).newPage();
  await openConversation(admin, endUser);
  const thread = new URL(admin.url()).pathname;
  const bot = await (async () => {
    await admin.goto("/bots");
    return admin.getByRole("link", { name: "Edit Pip" }).getAttribute("href");
  })();
  const rich = ["image", "file", "quick_button", "carousel", "dropdown"].map(
    (type) => `${thread}/compose?type=${type}`,
  );
  const cuts = new Set();
  for (const path of [bot, "/bots/new", "/integration/web-chat", "/profile", "/company/api-keys", thread, ...rich]) {
    await admin.goto(path);
    for (const one of await admin.locator("[maxlength]").evaluateAll((all) => all.map(({ id }) => id))) cuts.add(one);
  }
  expect([...cuts]).toEqual(["search", "palette-field"]);
});
