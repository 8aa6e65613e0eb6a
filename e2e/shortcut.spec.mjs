// Single-key shortcuts of the inbox, and the command palette.
import { test } from "./server.mjs";
import { expect, inThread, row, violations } from "./journey.mjs";

const composer = (page) => page.getByLabel("Message", { exact: true });

// rows creates conversations. The last one is at the top of the list.
async function rows(server, ...names) {
  const users = [];
  for (const name of names) {
    users.push(await server.endUser(name));
    await users.at(-1).say(`This is ${name}`);
  }
  return users;
}

test("a conversation can be opened, claimed and resolved without the mouse", async ({ server }) => {
  await rows(server, "Cleo", "Ben Hart", "Ann");
  const page = await server.inbox(server.alex, await server.context());
  await expect(row(page, "Ann")).toBeVisible();
  await page.keyboard.press("j");
  await expect(row(page, "Ann")).toBeFocused();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("j"); // this is the last row
  await expect(row(page, "Cleo")).toBeFocused();
  await page.keyboard.press("k");
  await expect(row(page, "Ben Hart")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator("#thread-name")).toHaveText("Ben Hart");
  await expect(page.locator("#thread-name")).toBeFocused();
  await page.keyboard.press("k"); // starts at the open one
  await expect(row(page, "Ann")).toBeFocused();

  await expect(page.locator("#claim")).toHaveAttribute("aria-keyshortcuts", "c");
  await page.keyboard.press("c");
  await expect(page.getByText("Assigned to you").first()).toBeVisible();
  await expect(composer(page)).toBeFocused();
  await page.keyboard.type("reck jez?/"); // each of them is a shortcut elsewhere
  await expect(composer(page)).toHaveValue("reck jez?/");
  await expect(page.locator("dialog[open]")).toHaveCount(0);
  await page.keyboard.press("Escape");
  await expect(page.locator("#log")).toBeFocused();
  await page.keyboard.press("r");
  await expect(composer(page)).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(row(page, "Ben Hart")).toHaveCount(0); // no longer under this filter
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

test("shortcuts open filters, search and help", async ({ server }) => {
  await rows(server, "Ann");
  const page = await server.inbox(server.alex, await server.context());
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
  await page.keyboard.press("j"); // does nothing behind a dialog
  await page.keyboard.press("Control+k");
  await expect(page.locator("#palette")).toBeHidden();
  await page.keyboard.press("Escape");
  await expect(help).toBeHidden();
  await expect(row(page, "Ann")).toBeFocused();
});

test("keys with modifiers are left to the browser, and claim nothing", async ({ server }) => {
  await rows(server, "Ann");
  const page = await server.inbox(server.alex, await server.context());
  await row(page, "Ann").click();
  for (const keys of ["Shift+c", "Control+c", "Alt+c", "Meta+c"]) await page.keyboard.press(keys);
  await page.keyboard.press("?"); // shows that the keys before it were handled
  await expect(page.getByRole("dialog")).toBeVisible();
  await expect(page.locator("#claim")).toBeAttached();
});

test("with shortcuts off only the palette has a key", async ({ server }) => {
  await rows(server, "Ben Hart", "Ann");
  const context = await server.context();
  const page = await server.inbox(server.alex, context);
  const other = await server.inbox(server.alex, context);
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
  await other.keyboard.press("?"); // the setting applies in other tabs too
  await other.keyboard.press("Control+k");
  await expect(other.locator("#palette")).toBeVisible();
  await expect(other.locator("#shortcuts")).toBeHidden();
  await page.reload();
  await page.keyboard.press("?");
  await page.keyboard.press("Control+k");
  await expect(page.locator("#palette")).toBeVisible();
  await expect(page.locator("#shortcuts")).toBeHidden();
});

test("the palette offers the commands that apply, and conversations by name", async ({ server }) => {
  await rows(server, "Zoë Quill", "Ann");
  const page = await server.inbox(server.alex, await server.context());
  const field = page.getByRole("combobox", { name: "Command or name" });
  const option = (name) => page.locator("#palette").getByRole("option", { name });
  const active = page.locator("#palette [aria-selected=true]");
  await row(page, "Ann").focus();
  await page.keyboard.press("Control+k");
  await expect(field).toBeFocused();
  await expect(option("Go to mine")).toBeVisible();
  await expect(option("Claim")).toHaveCount(0); // no conversation is open
  await page.keyboard.press("Escape");
  await expect(row(page, "Ann")).toBeFocused();

  await page.keyboard.press("Control+k");
  await page.keyboard.type("zoe"); // the server finds it without the accent
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
  await expect(active).toContainText("Zoë Quill"); // wraps around
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
  test(`axe finds no fault in a dialog, ${colorScheme}`, async ({ server }) => {
    await rows(server, "Ann");
    const page = await server.inbox(server.alex, await server.context({ colorScheme, reducedMotion: "reduce" }));
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
