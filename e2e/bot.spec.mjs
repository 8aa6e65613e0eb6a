// Bots are created, edited, tried next to the form and used in the widget.
import { test } from "./company.mjs";
import { expect, logIn, openWidget, received, say, sideways, tabTo, violations } from "./journey.mjs";

test.describe.configure({ mode: "serial" }); // the tests edit the same bot

test.use({ mayLog: /status of 40[0134]|status of 409/ }); // the browser reports refusals itself

const trial = (page) => page.getByRole("region", { name: "Try it" });
const answered = (page, text) => trial(page).locator(".message-bot").filter({ hasText: text });

async function tryOut(page, text) {
  await page.getByLabel("Message to the bot").fill(text);
  await page.getByLabel("Message to the bot").press("Enter");
  await expect(trial(page).locator(".message-end_user").filter({ hasText: text }).last()).toBeVisible();
  await expect(page.getByLabel("Message to the bot")).toHaveValue("");
}

async function openPip(page) {
  await page.goto("/bots");
  await page.getByRole("link", { name: "Edit Pip" }).click();
  await expect(page.getByLabel("Greeting", { exact: true })).toHaveValue("Hi, I am Pip. How can I help?");
}

test("a bot can be tried before it is saved, and answers end users after", async ({ admin, newContext }) => {
  await openPip(admin);
  await expect(answered(admin, "Hi, I am Pip.")).toBeVisible();
  await admin.getByRole("button", { name: "Add a rule" }).click();
  const words = admin.getByLabel("If the message contains one of these words").last();
  await expect(words).toBeFocused();
  await words.fill("warranty, guarantee");
  await admin.getByLabel("Answer").last().fill("Two years, on everything.");
  await tryOut(admin, "Is there a warranty?");
  await expect(answered(admin, "Two years, on everything.")).toBeVisible();
  await admin.getByLabel("Answer").last().fill("Three years, on everything.");
  await admin.getByLabel("Answer").last().blur();
  await expect(answered(admin, "Three years, on everything.")).toBeVisible(); // as it is in the form now

  const widget = await (await newContext()).newPage();
  await openWidget(widget);
  await say(widget, "Is there a warranty?");
  await expect(received(widget, "Thanks for your message.")).toBeVisible(); // nothing was saved yet
  await admin.getByRole("button", { name: "Save bot" }).click();
  await expect(admin.getByText("The bot was saved.")).toBeVisible();
  await say(widget, "And what about a guarantee?");
  await expect(received(widget, "Three years, on everything.")).toBeVisible();
  await widget.getByRole("button", { name: "Prices" }).click();
  await expect(widget.getByRole("button", { name: "Choose Team" })).toBeVisible(); // rich rules are unchanged
});

test("rules can be moved and removed", async ({ admin }) => {
  await openPip(admin);
  const rows = admin.locator("#rule-rows li");
  const count = await rows.count();
  await admin.getByRole("button", { name: "Add a rule" }).click();
  await expect(rows).toHaveCount(count + 1);
  await admin.getByLabel("If the message contains one of these words").last().fill("last");
  await admin.getByLabel("Answer").last().fill("Now before the one above.");
  await admin.getByRole("button", { name: `Move rule ${count + 1} up` }).click();
  await expect(rows.nth(count - 1).getByLabel("Answer")).toHaveValue("Now before the one above.");
  await admin.getByRole("button", { name: `Remove rule ${count}`, exact: true }).click();
  await expect(rows).toHaveCount(count);
  await expect(admin.getByLabel("Answer").filter({ hasText: "Now before the one above." })).toHaveCount(0);
});

test("when two people edit a bot, the second to save is warned", async ({ admin, newContext, parley }) => {
  const other = await (await newContext()).newPage();
  await logIn(other, parley.seeded.admin);
  await openPip(admin);
  await openPip(other);
  await admin.getByLabel("When no rule matches").fill("The first to save.");
  await admin.getByRole("button", { name: "Save bot" }).click();
  await expect(admin.getByText("The bot was saved.")).toBeVisible();
  await other.getByLabel("When no rule matches").fill("The second to save.");
  await other.getByRole("button", { name: "Save bot" }).click();
  await expect(other.getByText("Someone else saved this bot while you were editing it.")).toBeVisible();
  await expect(other.getByLabel("When no rule matches")).toHaveValue("The second to save.");
  await other.getByRole("button", { name: "Save bot" }).click();
  await expect(other.getByText("The bot was saved.")).toBeVisible();
  await admin.reload();
  await expect(admin.getByLabel("When no rule matches")).toHaveValue("The second to save.");
});

test("a bot in use can't be removed, a new one can", async ({ admin }) => {
  await openPip(admin);
  await expect(admin.getByText("A bot that a channel uses cannot be removed.")).toBeVisible();
  await admin.goto("/bots");
  await admin.getByRole("link", { name: "Create a bot" }).click();
  await admin.getByLabel("Name", { exact: true }).fill("Moss");
  await admin.getByLabel("Greeting", { exact: true }).fill("");
  await admin.getByLabel("When no rule matches").fill("");
  await expect(trial(admin).getByText("No greeting. The chat opens empty.")).toBeVisible();
  await tryOut(admin, "Anybody?");
  await expect(trial(admin).getByText("The bot does not answer.")).toBeVisible();
  await admin.getByRole("button", { name: "Create bot" }).click();
  await expect(admin.getByText("The bot was created.")).toBeVisible();
  await admin.getByText("Remove…").click();
  await admin.getByRole("button", { name: "Remove Moss" }).click();
  await expect(admin.getByText("The bot was removed.")).toBeVisible();
  await expect(admin.getByRole("row").filter({ hasText: "Moss" })).toHaveCount(0);
});

test("a bot can be edited and tried without JavaScript", async ({ newContext, parley }) => {
  const page = await (await newContext({ javaScriptEnabled: false })).newPage();
  await logIn(page, parley.seeded.admin);
  await openPip(page);
  await page.getByRole("button", { name: "Add a rule" }).click();
  await page.getByLabel("If the message contains one of these words").last().fill("parcel");
  await page.getByLabel("Answer").last().fill("On its way.");
  await page.getByLabel("Message to the bot").fill("Where is my parcel?");
  await page.getByRole("button", { name: "Try" }).click();
  await expect(answered(page, "On its way.")).toBeVisible();
  await expect(page.getByLabel("Answer").last()).toHaveValue("On its way.");
  await page.getByLabel("Answer").last().fill("");
  await page.getByRole("button", { name: "Save bot" }).click();
  await expect(page.getByLabel("Answer").last()).toHaveAttribute("aria-invalid", "true");
  await page.getByLabel("Answer").last().fill("On its way.");
  await page.getByRole("button", { name: "Save bot" }).click();
  await expect(page.getByText("The bot was saved.")).toBeVisible();
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds no fault, 360 px are enough, and the keyboard reaches everything, ${colorScheme}`, async ({
    newContext,
    parley,
  }) => {
    const page = await (
      await newContext({ colorScheme, viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true })
    ).newPage();
    await logIn(page, parley.seeded.admin);
    for (const path of ["/bots", "/bots/new"]) {
      await page.goto(path);
      expect(await violations(page)).toEqual([]);
      expect(await sideways(page)).toBe(0);
    }
    await openPip(page);
    await tabTo(page, page.getByRole("button", { name: "Add a rule" }));
    await page.keyboard.press("Enter");
    await expect(page.getByLabel("If the message contains one of these words").last()).toBeFocused();
    await page.keyboard.type("keys");
    await page.keyboard.press("Tab");
    await page.keyboard.type("By keyboard.");
    await tabTo(page, page.getByLabel("Message to the bot"));
    await page.keyboard.type("any keys?");
    await page.keyboard.press("Enter");
    await expect(answered(page, "By keyboard.")).toBeVisible();
    expect(await violations(page)).toEqual([]);
    expect(await sideways(page)).toBe(0);
  });
}
