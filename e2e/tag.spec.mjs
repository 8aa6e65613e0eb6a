// The field of tags, by keyboard and by mouse.
import { test } from "./server.mjs";
import { expect, row, violations } from "./journey.mjs";

async function opened(server) {
  const user = await server.endUser("Tara");
  await user.say("Hello");
  const page = await server.inbox(server.alex, await server.context());
  await row(page, "Tara").click();
  await expect(page.locator("#thread-name")).toBeFocused();
  return { page, user };
}

const chips = (page, form) => page.locator(`#thread-${form} .tag-chip`);
const tags = (page) => page.locator("#thread-header .thread-facts .tag");

test("tags can be typed, pasted, suggested and removed by keyboard", async ({ server }) => {
  const { page, user } = await opened(server);
  await page.locator("#thread-tags summary").press("Enter");
  const field = page.getByRole("combobox", { name: "Tags", exact: true });
  await expect(field).toBeFocused();
  await page.keyboard.type("billing,");
  await page.keyboard.type("vip");
  await page.keyboard.press("Enter");
  await field.evaluate((input) => {
    input.value = "one, two,, one , three";
    input.dispatchEvent(new Event("input", { bubbles: true })); // like a paste
  });
  await expect(chips(page, "tags")).toHaveText(["billing", "vip", "one", "two"]);
  await expect(field).toHaveValue("three");
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Backspace");
  await page.keyboard.press("Backspace");
  await expect(page.locator("#thread-tags [role=status]")).toHaveText("Removed two.");
  await user.say("Are you there?"); // redraws the page, but not the field being edited
  await expect(page.locator("#messages")).toContainText("Are you there?");
  await page.keyboard.type("three"); // sent, though it is not a chip yet
  await expect(chips(page, "tags")).toHaveText(["billing", "vip", "one"]);
  await page.locator("#submit-tag").press("Enter");
  await expect(tags(page)).toHaveText(["billing", "vip", "one", "three"]);

  await page.locator("#resolve").press("Enter");
  const resolving = page.getByRole("combobox", { name: "Tags to add" });
  await expect(resolving).toBeFocused();
  await page.keyboard.type("vi");
  const option = page.locator("#thread-resolve").getByRole("option", { name: "vip" });
  await expect(resolving).toHaveValue("vi");
  await expect(option).toHaveCount(0); // the conversation has it already

  const other = await server.endUser("Uma");
  await other.say("Hello");
  await row(page, "Uma").click();
  await expect(page.locator("#thread-name")).toHaveText("Uma");
  await page.locator("#resolve").press("Enter");
  await expect(resolving).toBeFocused();
  await page.keyboard.type("vi");
  await expect(option).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press("Escape"); // closes only the suggestions
  await expect(option).toBeHidden();
  await expect(resolving).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await expect(option).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("Enter");
  await expect(chips(page, "resolve")).toHaveText(["vip"]);
  await page.keyboard.press("Escape");
  await expect(resolving).toBeHidden();
});

test("a menu opened by mouse puts the focus into its field", async ({ server }) => {
  const { page } = await opened(server);
  for (const [menu, name] of [
    ["#thread-tags summary", "Tags"],
    ["#resolve", "Tags to add"],
  ]) {
    await page.locator(menu).click();
    const field = page.getByRole("combobox", { name, exact: true });
    await expect(field).toBeFocused();
    await page.keyboard.type("cj"); // both are shortcuts elsewhere
    await expect(field).toHaveValue("cj");
    await page.keyboard.press("Escape");
    await expect(field).toBeHidden();
  }
});

test("tags can be removed by mouse, and their limits apply", async ({ server }) => {
  const { page } = await opened(server);
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
  await expect(page.locator("#panel")).toContainText("fine"); // in the list of earlier conversations
});
