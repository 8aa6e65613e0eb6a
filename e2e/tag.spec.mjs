// The field of tags, by keyboard and by mouse.
import { test } from "./desk.mjs";
import { expect, row, violations } from "./journey.mjs";

async function opened(desk) {
  const user = await desk.endUser("Tara");
  await user.say("Hello");
  const page = await desk.inbox(desk.alex, await desk.context());
  await row(page, "Tara").click();
  await expect(page.locator("#thread-name")).toBeFocused();
  return { page, user };
}

const chips = (page, form) => page.locator(`#thread-${form} .tag-chip`);
const tags = (page) => page.locator("#thread-header .thread-facts .tag");

test("tags by keyboard: typed, pasted, suggested, taken off", async ({ desk }) => {
  const { page, user } = await opened(desk);
  await page.locator("#thread-tags summary").press("Enter");
  const field = page.getByRole("combobox", { name: "Tags", exact: true });
  await expect(field).toBeFocused();
  await page.keyboard.type("billing,");
  await page.keyboard.type("vip");
  await page.keyboard.press("Enter");
  await field.evaluate((input) => {
    input.value = "one, two,, one , three";
    input.dispatchEvent(new Event("input", { bubbles: true })); // as a paste does
  });
  await expect(chips(page, "tags")).toHaveText(["billing", "vip", "one", "two"]);
  await expect(field).toHaveValue("three");
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Backspace");
  await page.keyboard.press("Backspace");
  await expect(page.locator("#thread-tags [role=status]")).toHaveText("Removed two.");
  await user.say("Are you there?"); // redraws parts of the page, not what is being written
  await expect(page.locator("#messages")).toContainText("Are you there?");
  await page.keyboard.type("three"); // sent though it is not a chip yet
  await expect(chips(page, "tags")).toHaveText(["billing", "vip", "one"]);
  await page.locator("#submit-tag").press("Enter");
  await expect(tags(page)).toHaveText(["billing", "vip", "one", "three"]);

  await page.locator("#resolve").press("Enter");
  const resolving = page.getByRole("combobox", { name: "Tags to add" });
  await expect(resolving).toBeFocused();
  await page.keyboard.type("vi");
  const option = page.locator("#thread-resolve").getByRole("option", { name: "vip" });
  await expect(resolving).toHaveValue("vi");
  await expect(option).toHaveCount(0); // it is set already

  const other = await desk.endUser("Uma");
  await other.say("Hello");
  await row(page, "Uma").click();
  await expect(page.locator("#thread-name")).toHaveText("Uma");
  await page.locator("#resolve").press("Enter");
  await expect(resolving).toBeFocused();
  await page.keyboard.type("vi");
  await expect(option).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press("Escape"); // the suggestions alone
  await expect(option).toBeHidden();
  await expect(resolving).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await expect(option).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("Enter");
  await expect(chips(page, "resolve")).toHaveText(["vip"]);
  await page.keyboard.press("Escape");
  await expect(resolving).toBeHidden();
});

test("a menu opened by mouse takes what is typed", async ({ desk }) => {
  const { page } = await opened(desk);
  for (const [menu, name] of [
    ["#thread-tags summary", "Tags"],
    ["#resolve", "Tags to add"],
  ]) {
    await page.locator(menu).click();
    const field = page.getByRole("combobox", { name, exact: true });
    await expect(field).toBeFocused();
    await page.keyboard.type("cj"); // each a shortcut elsewhere
    await expect(field).toHaveValue("cj");
    await page.keyboard.press("Escape");
    await expect(field).toBeHidden();
  }
});

test("tags by mouse, and the limits", async ({ desk }) => {
  const { page } = await opened(desk);
  await page.locator("#resolve").click();
  const field = page.getByRole("combobox", { name: "Tags to add" });
  await field.fill("a,b,");
  await page.getByRole("button", { name: "Remove a" }).click();
  await expect(chips(page, "resolve")).toHaveText(["b"]);
  await expect(field).toBeFocused();
  await field.fill(`${"x".repeat(51)},fine,`);
  await expect(page.locator("#thread-resolve [role=status]")).toHaveText("A tag has at most 50 characters.");
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await expect(chips(page, "resolve")).toHaveText(["b", "fine"]);
  await field.fill(Array.from({ length: 19 }, (_, i) => `t${i}`).join() + ",");
  await expect(page.locator("#thread-resolve [role=status]")).toHaveText("A conversation has at most 20 tags.");
  await expect(chips(page, "resolve")).toHaveCount(20);
  await field.fill("");
  await page.locator("#submit-resolve").click();
  await expect(page.locator("#thread-header")).toContainText("Resolved");
  await expect(page.locator("#panel")).toContainText("fine"); // among the earlier sessions
});
