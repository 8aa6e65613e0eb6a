// The keyboard alone, narrow screens, and axe.
import {
  answer,
  chooseButton,
  expect,
  inThread,
  logIn,
  openEditor,
  openThread,
  openWidget,
  people,
  received,
  row,
  say,
  sent,
  setUp,
  sideways,
  tabTo,
  test,
  violations,
} from "./journey.mjs";
import { startEmpty } from "./parley.mjs";

test("an end user and an agent can do everything with the keyboard alone", async ({ newContext }) => {
  const widget = await (await newContext()).newPage();
  const name = await openWidget(widget);
  await expect(received(widget, "Hi, I am Pip.")).toBeVisible();
  await tabTo(widget, widget.getByRole("button", { name: "Opening hours" }));
  await widget.keyboard.press("Enter");
  await expect(sent(widget, "Opening hours")).toBeVisible();
  await tabTo(widget, widget.getByRole("combobox"));
  await widget.keyboard.press("ArrowDown");
  await tabTo(widget, chooseButton(widget));
  await widget.keyboard.press("Enter");
  await expect(received(widget, "Singapore time")).toBeVisible();
  await tabTo(widget, widget.getByLabel("Message", { exact: true }));
  await widget.keyboard.type("A line");
  await widget.keyboard.press("Shift+Enter");
  await widget.keyboard.type("and one more");
  await widget.keyboard.press("Enter");
  await expect(sent(widget, "and one more")).toBeVisible();

  const page = await (await newContext()).newPage();
  const { agent } = await people(page.context());
  await page.goto("/inbox");
  await expect(page.getByLabel("Email")).toBeFocused();
  await page.keyboard.type(agent.email);
  await page.keyboard.press("Tab");
  await page.keyboard.type(agent.password);
  await page.keyboard.press("Enter");
  await expect(row(page, name)).toBeVisible();
  await tabTo(page, row(page, name));
  await page.keyboard.press("Enter");
  await expect(page.locator("#thread-name")).toBeFocused();
  await tabTo(page, page.getByRole("button", { name: "Claim" }));
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Message", { exact: true })).toBeFocused();
  await page.keyboard.type("By keyboard");
  await page.keyboard.press("Enter");
  await expect(received(widget, "By keyboard")).toBeVisible();
  await page.locator("#thread-tags summary").focus();
  await page.keyboard.press("Enter");
  await expect(page.locator("#tags-tag")).toBeVisible();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Escape");
  await expect(page.locator("#tags-tag")).toBeHidden();
  await expect(page.locator("#thread-tags summary")).toBeFocused();
});

test("on a phone of 360 px nothing scrolls sideways", async ({ newContext }) => {
  const phone = { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true };
  const widget = await (await newContext(phone)).newPage();
  const name = await openWidget(widget);
  await say(widget, `A long word: ${"x".repeat(200)}`);
  expect(await sideways(widget)).toBe(0);
  const page = await (await newContext(phone)).newPage();
  await page.goto("/auth/login");
  expect(await sideways(page)).toBe(0);
  await logIn(page, (await people(page.context())).agent);
  expect(await sideways(page)).toBe(0);
  await openThread(page, name);
  expect(await sideways(page)).toBe(0);
  await page.getByRole("button", { name: "Claim" }).click();
  await answer(page, "From my phone");
  await page.getByRole("link", { name: "Back to the list" }).click();
  await expect(row(page, name)).toHaveCount(0);
  await page.getByRole("link", { name: /Mine/ }).click();
  await expect(row(page, name)).toBeVisible();
  for (const path of ["/demo", "/nowhere"]) {
    const other = await (await newContext(phone)).newPage();
    await other.route("**/nowhere", async (route) => route.fulfill({ response: await route.fetch(), status: 200 }));
    await other.goto(path);
    expect(await sideways(other)).toBe(0);
  }
});

for (const scheme of ["light", "dark"]) {
  test(`axe finds no fault in the widget and the inbox, ${scheme}`, async ({ newContext }) => {
    const options = { colorScheme: scheme };
    const widget = await (await newContext(options)).newPage();
    const name = await openWidget(widget);
    await expect(received(widget, "Hi, I am Pip.")).toBeVisible();
    expect(await violations(widget)).toEqual([]);
    await widget.getByRole("button", { name: "Prices" }).click();
    await expect(widget.getByRole("button", { name: "Choose Team" })).toBeVisible();
    await say(widget, "And the hours?");
    await expect(widget.getByRole("combobox")).toBeVisible();
    expect(await violations(widget)).toEqual([]);

    const page = await (await newContext(options)).newPage();
    await page.goto("/auth/login");
    expect(await violations(page)).toEqual([]);
    await page.goto("/demo");
    await expect(page.frameLocator("iframe[title=Chat]").getByText("Hi, I am Pip.")).toBeVisible();
    expect(await violations(page)).toEqual([]);
    // With status 404 the browser itself would log an error.
    await page.route("**/nowhere", async (route) => route.fulfill({ response: await route.fetch(), status: 200 }));
    await page.goto("/nowhere");
    expect(await violations(page)).toEqual([]);
    await logIn(page, (await people(page.context())).agent);
    expect(await violations(page)).toEqual([]);
    await openThread(page, name);
    await expect(inThread(page, "And the hours?")).toBeVisible();
    expect(await violations(page)).toEqual([]);
    await page.locator("#thread-resolve summary").click();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Claim" }).click();
    await expect(page.locator("#thread-header")).toContainText("Assigned to you");
    await openEditor(page, "Carousel");
    expect(await violations(page)).toEqual([]);
    await page.setViewportSize({ width: 1024, height: 768 });
    await page.locator("#panel-open").click();
    expect(await violations(page)).toEqual([]);
  });
}

test("the setup creates the first organization, and axe finds no fault", async ({ newContext }) => {
  const parley = await startEmpty();
  const page = await (await newContext()).newPage();
  await page.goto(parley.url);
  expect(await violations(page)).toEqual([]);
  await setUp(page, parley);
  await expect(page.getByRole("heading", { name: "Create a bot" })).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.getByRole("link", { name: "Skip" }).click();
  await expect(page.locator("#inbox")).toBeVisible();
  await expect(page.getByText("No conversations waiting")).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.context().close(); // or it would report that the server is gone
  await parley.remove();
});
