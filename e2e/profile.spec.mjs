// The profile: name, photo, password, two-factor login, devices, and preferences of this browser.
import { code, loggedOut, newcomer, test } from "./company.mjs";
import {
  answer,
  expect,
  inThread,
  logIn,
  openThread,
  openWidget,
  received,
  say,
  sideways,
  tabTo,
  violations,
} from "./journey.mjs";
import { loseEvents } from "./wire.mjs";

test.use({ mayLog: /status of 40[0134]|status of 4(09|13|29)/ }); // the browser reports refusals itself

const section = (page, name) => page.getByRole("region", { name });

// A picture of 3 by 2 pixels.
const picture = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR4nGM4oREFQQxwFgBQAAe9uK0ZXgAAAABJRU5ErkJggg==",
  "base64",
);

test("the team sees a changed name and photo", async ({ admin, newContext }) => {
  const { page, name } = await newcomer(admin, newContext);
  await page.locator(".rail-profile summary").click();
  await page.getByRole("link", { name: "Your profile" }).click();
  await page.getByLabel("Name", { exact: true }).fill(`${name} Renamed`);
  await page.getByRole("button", { name: "Save name" }).click();
  await expect(page.getByText("Your name was saved.")).toBeVisible();

  await page
    .getByLabel("Photo", { exact: true })
    .setInputFiles({ name: "me.png", mimeType: "image/png", buffer: picture });
  // Shown before the upload.
  await expect(section(page, "Name and photo").locator("img")).toHaveAttribute("src", /^data:image\/png/);
  await page.getByRole("button", { name: "Upload photo" }).click();
  await expect(page.getByText("The photo was saved.")).toBeVisible();
  const photo = section(page, "Name and photo").locator("img");
  await expect(photo).toHaveAttribute("src", /^\/photos\//);
  expect(await photo.evaluate((image) => image.decode().then(() => image.naturalWidth))).toBeGreaterThan(0);
  const answer = await page.request.get(await photo.getAttribute("src"), { headers: { cookie: "" } });
  expect(answer.headers()["cache-control"]).toContain("immutable");

  await admin.goto("/company/team");
  const row = admin.getByRole("row").filter({ hasText: `${name} Renamed` });
  await expect(row.locator("img")).toBeVisible();

  await page
    .getByLabel("Photo", { exact: true })
    .setInputFiles({ name: "me.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
  await page.getByRole("button", { name: "Replace photo" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await expect(page.getByText("The photo was removed.")).toBeVisible();
  await expect(photo).toHaveCount(0);
});

test("the chat and the inbox show the photo of the agent who answers", async ({ admin, newContext }) => {
  const { page } = await newcomer(admin, newContext);
  await page.goto("/profile");
  await page
    .getByLabel("Photo", { exact: true })
    .setInputFiles({ name: "me.png", mimeType: "image/png", buffer: picture });
  await page.getByRole("button", { name: "Upload photo" }).click();
  await expect(page.getByText("The photo was saved.")).toBeVisible();

  const widget = await (await newContext()).newPage();
  let joined;
  const wire = await loseEvents(widget, (name, payload) => {
    if (name === "agent_joined") joined = payload;
    return name === "agent_joined" || name === "team_changed";
  });
  const guest = await openWidget(widget);
  await say(widget, "Who is there?");
  await page.goto("/inbox");
  await openThread(page, guest);
  await page.getByRole("button", { name: "Claim", exact: true }).click();
  await answer(page, "It is me.");
  await expect(inThread(page, "It is me.").locator(".avatar img")).toBeVisible();
  const message = received(widget, "It is me.");
  const photo = message.locator(".avatar img");
  await expect(message).toBeVisible();
  await expect(photo).toHaveCount(0);
  await expect.poll(() => joined).toBeTruthy();
  wire.emit("agent_joined", joined); // the answer may be quicker
  await expect(photo).toBeVisible();
  expect(await photo.evaluate((image) => image.decode().then(() => image.naturalWidth))).toBeGreaterThan(0);
  await widget.reload(); // now it comes from the history
  await expect(photo).toBeVisible();
});

test("two-factor login can be set up, is asked for, takes a recovery code and can be turned off", async ({
  admin,
  newContext,
}) => {
  const person = await newcomer(admin, newContext);
  const { page } = person;
  await page.goto("/profile");
  await page.getByRole("button", { name: "Set up" }).click();
  await expect(page.getByRole("img", { name: /QR code/ })).toBeVisible();
  const secret = await page.locator("#totp-secret").textContent();
  await page.getByLabel("Code", { exact: true }).fill("000000");
  await page.getByLabel("Your password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Turn on" }).click();
  await expect(page.getByLabel("Code", { exact: true })).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByText("Enter it again.")).toBeVisible();
  await page.getByLabel("Code", { exact: true }).fill(code(secret));
  await page.getByLabel("Your password", { exact: true }).fill("not my password");
  await page.getByRole("button", { name: "Turn on" }).click();
  await expect(page.getByLabel("Your password", { exact: true })).toHaveAttribute("aria-invalid", "true");
  expect(await page.locator("#totp-secret").textContent()).toBe(secret); // the same as in the QR code
  await page.getByLabel("Code", { exact: true }).fill(code(secret));
  await page.getByLabel("Your password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Turn on" }).click();
  const dialog = page.getByRole("dialog", { name: "Your recovery codes" });
  const codes = await dialog.getByRole("listitem").allTextContents();
  expect(codes).toHaveLength(10);
  const download = page.waitForEvent("download");
  await dialog.getByRole("link", { name: "Download" }).click();
  expect((await download).suggestedFilename()).toBe("parley-recovery-codes.txt");
  await dialog.getByRole("button", { name: "I have saved them" }).click();
  await expect(page.getByText("10 recovery codes left.")).toBeVisible();

  const other = await (await newContext()).newPage();
  const enter = async () => {
    await other.goto("/profile");
    await other.getByLabel("Email").fill(person.email);
    await other.getByLabel("Password").fill(person.password);
    await other.getByRole("button", { name: "Log in" }).click();
    await expect(other.getByRole("heading", { name: "Enter your code" })).toBeVisible();
  };
  await enter();
  expect(await violations(other)).toEqual([]);
  await other.goto("/inbox"); // the password alone is not enough
  await expect(other.getByRole("heading", { name: "Log in to Parley" })).toBeVisible();
  await enter();
  await other.getByLabel("Code", { exact: true }).fill("000000");
  await other.getByRole("button", { name: "Log in", exact: true }).click();
  await expect(other.getByRole("alert")).toBeVisible();
  await other.getByLabel("Code", { exact: true }).fill(code(secret, 1)); // the current code was used to turn it on
  await other.getByRole("button", { name: "Log in", exact: true }).click();
  await expect(other.getByRole("heading", { name: "Your profile" })).toBeVisible();
  await other.locator(".rail-profile summary").click();
  await other.getByRole("button", { name: "Log out", exact: true }).click();

  for (const [attempt, works] of [
    [codes[0], true],
    [codes[0], false],
  ]) {
    await enter();
    await other.getByLabel("Code", { exact: true }).fill(attempt);
    await other.getByRole("button", { name: "Log in", exact: true }).click();
    if (!works) {
      await expect(other.getByRole("alert")).toBeVisible();
      break;
    }
    await expect(other.getByText("9 recovery codes left.")).toBeVisible();
    await other.locator(".rail-profile summary").click();
    await other.getByRole("button", { name: "Log out", exact: true }).click();
  }

  await page.goto("/profile");
  await page.getByText("Turn off…").click();
  await page.getByLabel("Password or code").fill("not my password");
  await page.getByRole("button", { name: "Turn off" }).click();
  await expect(page.getByLabel("Password or code")).toHaveAttribute("aria-invalid", "true");
  await page.getByLabel("Password or code").fill(person.password);
  await page.getByRole("button", { name: "Turn off" }).click();
  await expect(page.getByText("Two-factor login is off.")).toBeVisible();
});

test("other devices can be logged out, and a new password logs them out too", async ({ admin, newContext }) => {
  const person = await newcomer(admin, newContext);
  const { page } = person;
  const other = await (await newContext()).newPage();
  await logIn(other, person);
  await page.goto("/profile");
  const sessions = section(page, "Devices").getByRole("listitem");
  await expect(sessions).toHaveCount(2);
  await expect(sessions.filter({ hasText: "This device" })).toHaveCount(1);
  await page.getByRole("button", { name: "Log out other devices" }).click();
  await expect(page.getByText("Your other devices were logged out.")).toBeVisible();
  await expect(sessions).toHaveCount(1);
  await loggedOut(other);

  await logIn(other, person);
  await page.goto("/profile");
  await page.getByLabel("Current password").fill("not this one");
  await page.getByLabel("New password").fill("another password");
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByLabel("Current password")).toHaveAttribute("aria-invalid", "true");
  await page.getByLabel("Current password").fill(person.password);
  await page.getByLabel("New password").fill("another password");
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByText("Your password was changed")).toBeVisible();
  await loggedOut(other);
  await logIn(other, { ...person, password: "another password" });
});

test("preferences are kept in this browser", async ({ admin, newContext }) => {
  const { page } = await newcomer(admin, newContext);
  await page.goto("/profile");
  const enterSends = page.getByRole("switch", { name: "Enter sends" });
  await expect(enterSends).toBeChecked();
  await enterSends.click();
  await page.reload();
  await expect(enterSends).not.toBeChecked();
  expect(await page.evaluate(() => JSON.parse(localStorage.parley_settings).enter_sends)).toBe(false);
});

test("the profile works without JavaScript", async ({ admin, newContext }) => {
  const { page, password } = await newcomer(admin, newContext, { context: { javaScriptEnabled: false } });
  await page.goto("/profile");
  await page.getByLabel("Name", { exact: true }).fill("   ");
  await page.getByRole("button", { name: "Save name" }).click();
  await expect(page.getByLabel("Name", { exact: true })).toHaveAttribute("aria-invalid", "true");
  await page
    .getByLabel("Photo", { exact: true })
    .setInputFiles({ name: "me.png", mimeType: "image/png", buffer: picture });
  await page.getByRole("button", { name: "Upload photo" }).click();
  await expect(page.getByText("The photo was saved.")).toBeVisible();
  await page.getByRole("button", { name: "Set up" }).click();
  await page.getByLabel("Code", { exact: true }).fill(code(await page.locator("#totp-secret").textContent()));
  await page.getByLabel("Your password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Turn on" }).click();
  await expect(page.locator("#codes li")).toHaveCount(10);
  await page.getByRole("button", { name: "I have saved them" }).click();
  await expect(page.locator("#codes")).toBeHidden();
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds no fault, 360 px are enough, and the keyboard reaches everything, ${colorScheme}`, async ({
    admin,
    newContext,
  }) => {
    const phone = { colorScheme, viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
    const { page, password } = await newcomer(admin, newContext, { context: phone });
    const check = async () => {
      expect(await violations(page)).toEqual([]);
      expect(await sideways(page)).toBe(0);
    };
    await page.goto("/profile");
    await check();
    await page.getByRole("button", { name: "Change password" }).scrollIntoViewIfNeeded();
    await tabTo(page, page.getByRole("button", { name: "Set up" }));
    await page.keyboard.press("Enter");
    await expect(page.getByRole("img", { name: /QR code/ })).toBeVisible();
    await check();
    await tabTo(page, page.getByLabel("Code", { exact: true }));
    await page.keyboard.type(code(await page.locator("#totp-secret").textContent()));
    await tabTo(page, page.getByLabel("Your password", { exact: true }));
    await page.keyboard.type(password);
    await tabTo(page, page.getByLabel("Log out other devices"));
    await page.keyboard.press("Space");
    await tabTo(page, page.getByRole("button", { name: "Turn on" }));
    await page.keyboard.press("Enter");
    await expect(page.getByRole("dialog")).toBeVisible();
    await check();
    await page.getByRole("button", { name: "I have saved them" }).click();
    await page.getByText("Turn off…").click();
    await check();
  });
}
