// Company: API Keys, Team, Settings, Audit log.
import { invite, loggedOut, newcomer, test } from "./company.mjs";
import { expect, logIn, sideways, tabTo, violations } from "./journey.mjs";

test.use({ mayLog: /status of 40[0134]|status of 409/ }); // the browser reports refusals itself

const rowOf = (page, text) => page.getByRole("row").filter({ hasText: text });

test("an API key is shown once, gives no access, and its use is recorded", async ({ admin, newContext, parley }) => {
  await admin.getByRole("link", { name: "Company" }).click();
  await expect(admin.getByRole("heading", { name: "API Keys", level: 1 })).toBeVisible();
  await expect(admin.getByText("do not currently authenticate any REST route")).toBeVisible();
  await admin.getByLabel("Name").fill("Order system");
  await admin.getByRole("button", { name: "Create key" }).click();

  const dialog = admin.getByRole("dialog", { name: "Your key “Order system”" });
  const secret = await dialog.locator("#secret").textContent();
  expect(secret).toMatch(/^pk_\w{20,}$/);
  await admin.keyboard.press("Escape");
  await admin.keyboard.press("Escape");
  await expect(dialog).toBeVisible(); // Escape does not close it
  await admin.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await dialog.getByRole("button", { name: "Copy" }).click();
  await expect(dialog.getByRole("button", { name: "Copied" })).toBeVisible();
  await expect(dialog.getByRole("status")).toHaveText("Copied");
  expect(await admin.evaluate(() => navigator.clipboard.readText())).toBe(secret);
  await dialog.getByRole("button", { name: "I have saved it" }).click();
  await expect(dialog).toBeHidden();

  const row = rowOf(admin, "Order system");
  await expect(row).toContainText(secret.slice(0, 8));
  await expect(row).toContainText("Never");
  const answer = await (await newContext()).request.get(`${parley.url}/api/conversations/`, {
    headers: { authorization: `Bearer ${secret}` },
  });
  expect(answer.status()).toBe(401);
  await admin.goto("/company/api-keys");
  await expect(admin.locator("body")).not.toContainText(secret);
  await expect(row).toContainText("just now");

  await row.getByText("Revoke", { exact: true }).click();
  await expect(row.getByText("will need a new key")).toBeVisible();
  await row.getByRole("button", { name: "Revoke Order system" }).click();
  await expect(admin.getByText("The API key was revoked.")).toBeVisible();
  await expect(row).toContainText("Revoked");
});

test("a form that is sent twice creates one key", async ({ admin }) => {
  await admin.goto("/company/api-keys");
  await admin.getByLabel("Name").fill("Only one");
  await admin.getByRole("button", { name: "Create key" }).dblclick();
  await expect(admin.locator("#secret")).toContainText("pk_");
  await admin.getByRole("button", { name: "I have saved it" }).click();
  await admin.reload(); // sends the form again
  await expect(admin.getByText("You already submitted this form")).toBeVisible();
  await expect(rowOf(admin, "Only one")).toHaveCount(1);
});

test("a teammate can be invited, made an admin, disabled, enabled and removed", async ({ admin, newContext }) => {
  const cleo = await newcomer(admin, newContext);
  await expect(cleo.page.getByRole("link", { name: "Company" })).toHaveCount(0);
  await cleo.page.goto("/company/team");
  await expect(cleo.page.getByText("Only administrators can open this page.")).toBeVisible();

  await admin.goto("/company/team");
  await admin.getByRole("link", { name: `Manage ${cleo.name}` }).click();
  await admin
    .getByRole("combobox", { name: "Role" })
    .selectOption({ label: "Admin: also manages bots, integrations and the company" });
  await admin.getByRole("button", { name: "Save role" }).click();
  await expect(admin.getByText("The role was saved.")).toBeVisible();
  await cleo.page.goto("/company/team");
  await expect(rowOf(cleo.page, cleo.name)).toContainText("Admin");
  await expect(rowOf(cleo.page, "Owner").getByRole("link", { name: "Manage" })).toHaveCount(0);

  const connected = cleo.page.waitForEvent("websocket");
  await cleo.page.goto("/inbox");
  const closed = (await connected).waitForEvent("close", { timeout: 20_000 });
  const since = Date.now();
  await admin.getByRole("button", { name: `Disable ${cleo.name}` }).click();
  await expect(admin.getByText("They were logged out everywhere.")).toBeVisible();
  await closed;
  expect(Date.now() - since).toBeLessThan(5_000);
  await loggedOut(cleo.page);
  await cleo.page.getByLabel("Email").fill(cleo.email);
  await cleo.page.getByLabel("Password").fill(cleo.password);
  await cleo.page.getByRole("button", { name: "Log in" }).click();
  await expect(cleo.page.getByRole("alert")).toHaveText("Wrong email or password.");

  await admin.getByRole("button", { name: `Enable ${cleo.name}` }).click();
  await expect(admin.getByText("They can log in again.")).toBeVisible();
  await logIn(cleo.page, cleo);

  await admin.getByText("Remove…").click();
  await admin.getByRole("button", { name: `Remove ${cleo.name}` }).click();
  await expect(admin.getByText("Removed from the team.")).toBeVisible();
  await expect(rowOf(admin, cleo.name)).toHaveCount(0);
  await loggedOut(cleo.page);

  await admin.getByRole("link", { name: "Audit log" }).click();
  await admin.getByLabel("Action").selectOption({ label: "Changed the role of" });
  await admin.getByRole("button", { name: "Show" }).click();
  await expect(rowOf(admin, cleo.name)).toHaveCount(1);
  await expect(rowOf(admin, cleo.name)).toContainText("Dana Demo");
});

test("an invitation works once, and not after it was revoked or replaced", async ({ admin, newContext }) => {
  const email = "twice@example.com";
  const link = await invite(admin, { email });
  await rowOf(admin, email).getByRole("button", { name: "New link" }).click();
  const second = await admin.locator("#secret").textContent();
  expect(second).not.toBe(link);
  await admin.getByRole("button", { name: "Done" }).click();
  await admin.reload(); // sends the form again, which creates no third link: the second still works
  await expect(admin.getByText("You already submitted this form")).toBeVisible();

  const page = await (await newContext()).newPage();
  await page.goto(link);
  await expect(page.getByText("This invitation no longer works")).toBeVisible();
  await page.goto(second);
  await expect(page.getByRole("heading", { name: "Join Demo" })).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.getByLabel("Your name").fill("Tia Twice");
  await page.getByLabel("Password").fill("short");
  await page.getByRole("button", { name: "Join" }).click();
  await expect(page.getByText("Choose a password with at least 10 characters")).toBeVisible();
  await expect(page.getByLabel("Your name")).toHaveValue("Tia Twice");
  await page.getByLabel("Password").fill("long enough for it");
  await page.getByRole("button", { name: "Join" }).click();
  await expect(page.locator("#inbox")).toBeVisible();
  await page.goto(second);
  await expect(page.getByText("This invitation no longer works")).toBeVisible();

  const third = await invite(admin, { email: "never@example.com" });
  await rowOf(admin, "never@example.com").getByText("Revoke", { exact: true }).click();
  await admin.getByRole("button", { name: "Revoke the invitation" }).click();
  await expect(admin.getByText("Its link no longer works.")).toBeVisible();
  await page.goto(third);
  await expect(page.getByText("This invitation no longer works")).toBeVisible();
});

test("the organization's settings are saved, and a wrong one is marked", async ({ admin }) => {
  await admin.goto("/company/settings");
  await admin.getByLabel("Time zone").selectOption("Asia/Singapore");
  await admin.getByLabel("Language").selectOption("de");
  await admin.getByRole("button", { name: "Save" }).click();
  await expect(admin.getByText("The settings were saved.")).toBeVisible();
  await expect(admin.getByLabel("Time zone")).toHaveValue("Asia/Singapore");
  await expect(admin.getByLabel("Language")).toHaveValue("de");
  await admin.getByLabel("Name").fill("   ");
  await admin.getByRole("button", { name: "Save" }).click();
  await expect(admin.getByLabel("Name")).toHaveAttribute("aria-invalid", "true");
  await expect(admin.getByLabel("Time zone")).toHaveValue("Asia/Singapore");
});

test("API keys and invitations work without JavaScript", async ({ newContext, parley }) => {
  const page = await (await newContext({ javaScriptEnabled: false })).newPage();
  await logIn(page, parley.seeded.admin);
  await page.goto("/company/api-keys");
  await page.getByLabel("Name").fill("By hand");
  await page.getByRole("button", { name: "Create key" }).click();
  const secret = page.locator("#secret");
  await expect(secret).toContainText("pk_");
  await page.getByRole("button", { name: "I have saved it" }).click();
  await expect(secret).toBeHidden();
  await rowOf(page, "By hand").getByText("Revoke", { exact: true }).click();
  await page.getByRole("button", { name: "Revoke By hand" }).click();
  await expect(rowOf(page, "By hand")).toContainText("Revoked");

  await page.goto("/company/team");
  await page.getByLabel("Email").fill("no script@example");
  await page.locator("form[action='/company/team/invitations']").evaluate((form) => (form.noValidate = true));
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  await expect(page.getByLabel("Email")).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByLabel("Email")).toHaveValue("no script@example");
  await page.getByLabel("Email").fill("no-script@example.com");
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  await expect(page.locator("#secret")).toContainText("/invitation/");
  await page.goto("/company/audit-log?action=user.invited");
  await expect(page.getByRole("row").filter({ hasText: "no-script@example.com" })).toHaveCount(1);
});

test("an API key can be created and revoked with the keyboard alone", async ({ admin }) => {
  await admin.goto("/company/api-keys");
  await tabTo(admin, admin.getByLabel("Name"));
  await admin.keyboard.type("By keyboard");
  await admin.keyboard.press("Enter");
  const saved = admin.getByRole("button", { name: "I have saved it" });
  await expect(saved).toBeVisible();
  await tabTo(admin, saved);
  await admin.keyboard.press("Enter");
  await expect(saved).toBeHidden();
  const revoke = rowOf(admin, "By keyboard").locator("summary");
  await tabTo(admin, revoke);
  await admin.keyboard.press("Enter");
  await expect(admin.getByRole("button", { name: "Revoke By keyboard" })).toBeVisible();
  await admin.keyboard.press("Escape");
  await expect(admin.getByRole("button", { name: "Revoke By keyboard" })).toBeHidden();
  await expect(revoke).toBeFocused();
  await admin.keyboard.press("Enter");
  await admin.keyboard.press("Tab");
  await admin.keyboard.press("Enter");
  await expect(rowOf(admin, "By keyboard")).toContainText("Revoked");
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds no fault, and 360 px are enough, ${colorScheme}`, async ({ newContext, parley }) => {
    const page = await (
      await newContext({ colorScheme, viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true })
    ).newPage();
    await logIn(page, parley.seeded.admin);
    const check = async () => {
      expect(await violations(page)).toEqual([]);
      expect(await sideways(page)).toBe(0);
    };
    for (const path of [
      "/company/api-keys",
      "/company/team",
      "/company/settings",
      "/company/audit-log",
      "/company/audit-log?action=bot.removed",
    ]) {
      await page.goto(path);
      await check();
    }
    await page.goto("/company/api-keys");
    await page.getByLabel("Name").fill(`A long name, ${colorScheme} ${"x".repeat(60)}`);
    await page.getByRole("button", { name: "Create key" }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await check();
    await page.getByRole("button", { name: "I have saved it" }).click();
    await page.locator("summary").filter({ hasText: "Revoke" }).first().click();
    await check();
    await page.goto("/company/team");
    await page.getByRole("link", { name: "Manage Alex Agent" }).click();
    await check();
    await page.getByText("Remove…").click();
    await check();
  });
}
