// Conversations between the widget, the bot and agents in the inbox of the demo.
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
  test,
} from "./journey.mjs";

test("an end user on /demo and an agent can talk, in two browsers", async ({ newContext }) => {
  const visitor = await (await newContext()).newPage();
  const agent = await (await newContext()).newPage();
  await logIn(agent, (await people(agent.context())).agent);
  await visitor.goto("/demo");
  const widget = visitor.frameLocator("iframe[title=Chat]");
  const text = `Is the fern still there? ${Date.now()}`;
  await say(widget, text);
  await expect(received(widget, "I have notified the team")).toBeVisible();
  const externalID = await widget.locator("#parley").getAttribute("data-external-id");
  await openThread(agent, `Guest ${externalID.slice(-6)}`);
  await expect(inThread(agent, text)).toBeVisible();
  await agent.getByRole("button", { name: "Claim" }).click();
  await expect(agent.getByText("Assigned to you")).toBeVisible();
  await agent.getByLabel("Message", { exact: true }).pressSequentially("Ye");
  await expect(widget.locator("#typing")).toBeVisible();
  await answer(agent, "Yes, one is left.");
  await expect(received(widget, "Yes, one is left.")).toBeVisible();
  await expect(widget.locator("#typing")).toBeHidden();
  await expect(agent.locator("#messages > [data-read]").filter({ hasText: "Yes, one is left." })).toBeVisible();
  await say(widget, "I take it.");
  await expect(inThread(agent, "I take it.")).toBeVisible();
  // The bot has greeted and answered once, and is silent since the claim.
  await expect(widget.locator("#messages > .message:not(.own)")).toHaveCount(3);
});

test("in one browser the widget is an end user, even if an agent is logged in", async ({ context }) => {
  const inbox = await context.newPage();
  await logIn(inbox, (await people(context)).admin);
  const page = await context.newPage();
  const name = await openWidget(page);
  await say(page, "Hello from the same browser");
  await expect(sent(page, "Hello from the same browser")).toBeVisible();
  await inbox.bringToFront();
  await openThread(inbox, name);
  await expect(inThread(inbox, "Hello from the same browser")).toHaveAttribute("data-sender", "end_user");
  await inbox.getByRole("button", { name: "Claim" }).click();
  await answer(inbox, "Hello from the inbox");
  await page.bringToFront();
  await expect(received(page, "Hello from the inbox")).toBeVisible();
});

test("the bot greets and offers choices, each of which can be answered once", async ({ newContext }) => {
  const page = await (await newContext()).newPage();
  const agent = await (await newContext()).newPage();
  const name = await openWidget(page);
  await expect(received(page, "Hi, I am Pip.")).toBeVisible();
  await page.getByRole("button", { name: "Prices" }).click();
  await expect(sent(page, "Prices")).toBeVisible();
  await page.getByRole("button", { name: "Choose Team" }).click();
  await expect(received(page, "will set Team up")).toBeVisible();
  await expect(page.getByRole("button", { name: "Choose Team" })).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByRole("button", { name: "Choose Starter" })).toBeDisabled();
  await say(page, "And your opening hours?");
  await page.getByRole("combobox", { name: "Pick a region" }).selectOption("eu");
  await chooseButton(page).click();
  await expect(received(page, "Berlin time")).toBeVisible();
  await expect(page.getByRole("combobox")).toBeDisabled();

  await logIn(agent, (await people(agent.context())).agent);
  await openThread(agent, name);
  await expect(agent.locator("[data-value=buy_team]")).toHaveAttribute("aria-pressed", "true");
  await expect(agent.locator("[data-value=buy_starter]")).toHaveAttribute("aria-pressed", "false");
  await expect(agent.locator("#messages select")).toHaveValue("eu");

  await page.reload();
  await expect(page.getByRole("button", { name: "Choose Team" })).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByRole("combobox")).toHaveValue("eu");
});

test.describe("two agents claim at once", () => {
  test.use({ mayLog: /409/ });
  test("the first one wins, and the other one sees who it was", async ({ newContext }) => {
    const page = await (await newContext()).newPage();
    const name = await openWidget(page);
    await say(page, "Who takes me?");
    const [winner, loser] = [await (await newContext()).newPage(), await (await newContext()).newPage()];
    const { agent, admin } = await people(page.context());
    await logIn(winner, agent);
    await logIn(loser, admin);
    await openThread(winner, name);
    await openThread(loser, name);
    // The loser's page is not yet updated when they press the button.
    let hear;
    const heard = new Promise((resolve) => (hear = resolve));
    await loser.route("**/header?*", async (route) => {
      await heard;
      await route.continue();
    });
    await winner.getByRole("button", { name: "Claim" }).click();
    await expect(winner.getByText("Assigned to you")).toBeVisible();
    await loser.getByRole("button", { name: "Claim" }).click();
    await expect(loser.locator("#notice")).toContainText("claimed by Alex Agent");
    hear();
    await expect(loser.locator("#thread-header")).toContainText("Assigned to Alex Agent");
    await expect(loser.getByRole("button", { name: "Claim" })).toHaveCount(0);
    await expect(row(loser, name)).toHaveCount(0); // no longer unassigned
  });
});

test("a conversation can be resolved with tags, and a message reopens it", async ({ newContext }) => {
  const page = await (await newContext()).newPage();
  const agent = await (await newContext()).newPage();
  const name = await openWidget(page);
  await say(page, "One question");
  await logIn(agent, (await people(agent.context())).agent);
  await openThread(agent, name);
  await agent.locator("#thread-tags summary").click();
  await agent.locator("#tags-tag").fill("billing, vip");
  await agent.getByRole("button", { name: "Save tags" }).click();
  await expect(agent.locator(".thread-facts .tag")).toHaveText(["billing", "vip"]);
  await agent.locator("#thread-resolve summary").click();
  await agent.locator("#tags-resolve").fill("done");
  await agent.locator("#submit-resolve").click();
  await expect(agent.locator("#thread-header")).toContainText("Resolved");
  await expect(page.getByText("This conversation was closed.")).toBeVisible();
  await expect(agent.getByLabel("Message", { exact: true })).toBeHidden();
  await expect(row(agent, name)).toHaveCount(0);
  await say(page, "One more thing");
  await expect(row(agent, name)).toBeVisible();
  await expect(inThread(agent, "One more thing")).toBeVisible();
  await expect(agent.getByLabel("Message", { exact: true })).toBeVisible();
  await expect(agent.locator(".thread-facts .tag")).toHaveCount(0);
});

test("a menu stays open while something else is saved", async ({ newContext }) => {
  const page = await (await newContext()).newPage();
  const agent = await (await newContext()).newPage();
  const name = await openWidget(page);
  await say(page, "Hello");
  await logIn(agent, (await people(agent.context())).admin);
  await openThread(agent, name);
  let release;
  const opened = new Promise((resolve) => (release = resolve));
  await agent.route(/\/claim/, async (route) => {
    await opened;
    await route.continue();
  });
  await agent.getByRole("button", { name: "Claim" }).click();
  await agent.locator("#attach summary").click();
  release();
  await expect(agent.locator("#thread-header")).toContainText("Assigned to you");
  await expect(agent.locator("#attach")).toHaveAttribute("open");
});

test("an agent can send every kind of rich message, and sees the choices", async ({ newContext, baseURL }) => {
  const page = await (await newContext()).newPage();
  const agent = await (await newContext()).newPage();
  const name = await openWidget(page);
  await say(page, "Show me");
  await logIn(agent, (await people(agent.context())).admin);
  await openThread(agent, name);
  await agent.getByRole("button", { name: "Claim" }).click();
  const send = async (type, fields) => {
    await openEditor(agent, type);
    for (const [label, value] of Object.entries(fields)) await agent.getByLabel(label, { exact: true }).fill(value);
    await agent.locator("#rich-send").click();
    await expect(agent.locator("#rich-media-form")).toHaveCount(0);
  };
  await send("Quick buttons", {
    Question: "Shall we?",
    "Label 1": "Yes",
    "Value 1": "yes",
    "Label 2": "No",
    "Value 2": "no",
  });
  await page.getByRole("button", { name: "Yes" }).click();
  await expect(sent(page, "Yes")).toBeVisible();
  await expect(agent.locator("[data-value=yes]")).toHaveAttribute("aria-pressed", "true");
  await send("Dropdown", {
    Question: "Where?",
    Placeholder: "Pick",
    "Label 1": "Here",
    "Value 1": "here",
    "Label 2": "There",
    "Value 2": "there",
  });
  await page.getByRole("combobox", { name: "Pick" }).selectOption("there");
  await chooseButton(page).click();
  await expect(agent.locator("#messages select")).toHaveValue("there");
  await send("Carousel", {
    "Text above the cards": "Plans",
    Title: "One",
    Subtitle: "The first",
    "Label 1 of card 1": "Take one",
    "Value 1 of card 1": "one",
  });
  await page.getByRole("button", { name: "Take one" }).click();
  await expect(agent.locator("[data-value=one]")).toHaveAttribute("aria-pressed", "true");
  await send("Image", {
    "Text below the image": "A picture",
    "Image URL": `${baseURL}/static/app/icon.svg`,
    "Description of the image": "An icon",
  });
  await expect(page.getByRole("img", { name: "An icon" })).toBeVisible();
  await send("File", { "File URL": `${baseURL}/static/app/icon.svg`, "File name": "icon.svg" });
  await expect(page.getByRole("link", { name: "icon.svg" })).toHaveAttribute("rel", /noopener/);
});

test("markup in a message is shown as text", async ({ newContext }) => {
  const page = await (await newContext()).newPage();
  const agent = await (await newContext()).newPage();
  const evil = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
  const name = await openWidget(page);
  await say(page, evil);
  await logIn(agent, (await people(agent.context())).agent);
  await openThread(agent, name);
  await expect(inThread(agent, evil)).toBeVisible();
  await page.reload();
  await expect(sent(page, evil)).toBeVisible();
  for (const one of [page, agent]) expect(await one.title()).not.toBe("owned");
});
