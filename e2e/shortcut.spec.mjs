// The inbox by single keys, and the palette.
import { test } from "./desk.mjs";
import { expect, inThread, row, violations } from "./journey.mjs";

const composer = (page) => page.getByLabel("Message", { exact: true });

// rows makes conversations, the last one at the top of the list.
async function rows(desk, ...names) {
  const users = [];
  for (const name of names) {
    users.push(await desk.endUser(name));
    await users.at(-1).say(`This is ${name}`);
  }
  return users;
}

test("a conversation from the list to resolved, without the mouse", async ({ desk }) => {
  await rows(desk, "Cleo", "Ben Hart", "Ann");
  const page = await desk.inbox(desk.alex, await desk.context());
  await expect(row(page, "Ann")).toBeVisible();
  await page.keyboard.press("j");
  await expect(row(page, "Ann")).toBeFocused();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("j"); // there are no more
  await expect(row(page, "Cleo")).toBeFocused();
  await page.keyboard.press("k");
  await expect(row(page, "Ben Hart")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator("#thread-name")).toHaveText("Ben Hart");
  await expect(page.locator("#thread-name")).toBeFocused();
  await page.keyboard.press("k"); // from the open one
  await expect(row(page, "Ann")).toBeFocused();

  await expect(page.locator("#claim")).toHaveAttribute("aria-keyshortcuts", "c");
  await page.keyboard.press("c");
  await expect(page.getByText("Assigned to you").first()).toBeVisible();
  await expect(composer(page)).toBeFocused();
  await page.keyboard.type("reck jez?/"); // every one a key of its own elsewhere
  await expect(composer(page)).toHaveValue("reck jez?/");
  await expect(page.locator("dialog[open]")).toHaveCount(0);
  await page.keyboard.press("Escape");
  await expect(page.locator("#log")).toBeFocused();
  await page.keyboard.press("r");
  await expect(composer(page)).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(row(page, "Ben Hart")).toHaveCount(0); // he is not under this filter any more
  await page.keyboard.press("Escape");
  await expect(page.locator("#list .row").first()).toBeFocused();

  await page.keyboard.press("e");
  await expect(page.locator("#tags-resolve")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.locator("#tags-resolve")).toBeHidden();
  await expect(page.locator("#resolve")).toBeFocused();
  await page.keyboard.press("e");
  await page.keyboard.type("billing,");
  await page.keyboard.press("Enter");
  await expect(page.locator("#thread-header")).toContainText("Resolved");
  await expect(page.locator("#toasts")).toContainText("Resolved");
  await expect(page.locator("#toasts [data-path]")).toHaveCount(1); // the claim can't be undone any more
  await page.keyboard.press("z"); // undo
  await expect(page.locator("#resolve")).toBeVisible();
  await expect(page.locator("#thread-header")).toContainText("billing");
});

test("filters, search and help", async ({ desk }) => {
  await rows(desk, "Ann");
  const page = await desk.inbox(desk.alex, await desk.context());
  for (const [key, filter] of [
    ["m", "mine"],
    ["a", "all"],
    ["u", "unassigned"],
  ]) {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await expect(page.locator(`#tab-${filter}`)).toHaveAttribute("aria-current", "page");
  }
  await page.keyboard.press("/");
  await expect(page.locator("#search")).toBeFocused();
  await expect(page.locator("#search")).toHaveValue("");
  await page.keyboard.press("Escape");
  await expect(row(page, "Ann")).toBeFocused();
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await expect(help).toContainText("Next conversation");
  await page.keyboard.press("j"); // not behind a dialog
  await page.keyboard.press("Control+k");
  await expect(page.locator("#palette")).toBeHidden();
  await page.keyboard.press("Escape");
  await expect(help).toBeHidden();
  await expect(row(page, "Ann")).toBeFocused();
});

test("keys with modifiers stay the browser's, and claim nothing", async ({ desk }) => {
  await rows(desk, "Ann");
  const page = await desk.inbox(desk.alex, await desk.context());
  await row(page, "Ann").click();
  for (const keys of ["Shift+c", "Control+c", "Alt+c", "Meta+c"]) await page.keyboard.press(keys);
  await page.keyboard.press("?"); // comes after them
  await expect(page.getByRole("dialog")).toBeVisible();
  await expect(page.locator("#claim")).toBeAttached();
});

test("switched off there are none, but the palette", async ({ desk }) => {
  await rows(desk, "Ben Hart", "Ann");
  const context = await desk.context();
  const page = await desk.inbox(desk.alex, context);
  const other = await desk.inbox(desk.alex, context);
  await page.locator(".rail-profile > summary").click();
  await page.getByRole("button", { name: "Preferences" }).click();
  await page.getByRole("switch", { name: "Keyboard shortcuts" }).press(" ");
  await page.keyboard.press("Escape");
  await expect(page.locator(".rail-profile > summary")).toBeFocused();
  await row(page, "Ann").click();
  await expect(page.locator("#claim")).not.toHaveAttribute("aria-keyshortcuts");
  await page.locator("#thread-name").focus();
  for (const key of ["j", "r", "c", "e", "/", "?", "g", "m", "Escape"]) await page.keyboard.press(key);
  await expect(page.locator("#thread-name")).toBeFocused();
  await page.keyboard.press("Control+k");
  await expect(page.locator("#palette")).toBeVisible();
  await expect(page.locator("#palette kbd")).toHaveCount(0);
  await expect(page.locator("#claim")).toBeAttached();
  await other.keyboard.press("?"); // another tab has heard of it
  await other.keyboard.press("Control+k");
  await expect(other.locator("#palette")).toBeVisible();
  await expect(other.locator("#shortcuts")).toBeHidden();
  await page.reload();
  await page.keyboard.press("?");
  await page.keyboard.press("Control+k");
  await expect(page.locator("#palette")).toBeVisible();
  await expect(page.locator("#shortcuts")).toBeHidden();
});

test("the palette: what can be done now, and conversations by name", async ({ desk }) => {
  await rows(desk, "Zoë Quill", "Ann");
  const page = await desk.inbox(desk.alex, await desk.context());
  const field = page.getByRole("combobox", { name: "Command or name" });
  const option = (name) => page.locator("#palette").getByRole("option", { name });
  const active = page.locator("#palette [aria-selected=true]");
  await row(page, "Ann").focus();
  await page.keyboard.press("Control+k");
  await expect(field).toBeFocused();
  await expect(option("Go to mine")).toBeVisible();
  await expect(option("Claim")).toHaveCount(0); // nothing is open
  await page.keyboard.press("Escape");
  await expect(row(page, "Ann")).toBeFocused();

  await page.keyboard.press("Control+k");
  await page.keyboard.type("zoe"); // found by the server too, which knows the accent
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("quill");
  await expect(option("Zoë Quill")).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page.locator("#thread-name")).toHaveText("Zoë Quill");

  await page.keyboard.press("Control+k");
  await expect(active).toContainText("Write a reply");
  await expect(field).toHaveAttribute("aria-activedescendant", await active.getAttribute("id"));
  await page.keyboard.press("ArrowUp");
  await expect(active).toContainText("Zoë Quill"); // around the end
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowDown");
  await expect(active).toContainText("Claim");
  await page.keyboard.type("clm");
  await expect(active).toContainText("Claim");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Assigned to you").first()).toBeVisible();

  await page.keyboard.press("Control+k");
  await expect(option("Claim")).toHaveCount(0);
  await page.keyboard.type("unass");
  await page.keyboard.press("Enter");
  await expect(page.locator("#claim")).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("nobody of that name");
  await expect(page.getByText("No results.")).toBeVisible();
  await expect(field).toHaveAttribute("aria-expanded", "false");
  await page.keyboard.press("Control+k");
  await expect(page.locator("#palette")).toBeHidden();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("log out");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Log in" })).toBeVisible();
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing in a dialog, ${colorScheme}`, async ({ desk }) => {
    await rows(desk, "Ann");
    const page = await desk.inbox(desk.alex, await desk.context({ colorScheme, reducedMotion: "reduce" }));
    await row(page, "Ann").click();
    await expect(inThread(page, "This is Ann")).toBeVisible();
    await page.keyboard.press("?");
    await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+k");
    await expect(page.locator("#palette").getByRole("option").first()).toBeVisible();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.type("nobody");
    await expect(page.getByText("No results.")).toBeVisible();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+k");
    await page.keyboard.type("preferences");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("dialog", { name: "Preferences" })).toBeVisible();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.keyboard.press("c");
    await expect(page.locator(".toast")).toBeVisible();
    expect(await violations(page)).toEqual([]);
  });
}
