// Everything an agent does works without JavaScript.
import { expect, logIn, openWidget, people, received, say, test } from "./journey.mjs";

test.use({ mayLog: /status of 40[01]/ }); // the browser reports refusals itself

test("an agent can work without JavaScript", async ({ newContext }) => {
  const page = await (await newContext()).newPage();
  const name = await openWidget(page);
  await say(page, "Can you read this?");

  const agent = await (await newContext({ javaScriptEnabled: false })).newPage();
  await logIn(agent, (await people(page.context())).agent);
  await agent.getByRole("link", { name }).click();
  await expect(agent.getByText("Can you read this?").last()).toBeVisible();
  await agent.getByRole("button", { name: "Claim" }).click();
  await expect(agent.getByText("Assigned to you")).toBeVisible();
  await agent.getByLabel("Message", { exact: true }).fill("Yes, without a script.");
  await agent.getByRole("button", { name: "Send", exact: true }).click();
  await expect(agent.locator("#messages").getByText("Yes, without a script.")).toBeVisible();
  await expect(received(page, "Yes, without a script.")).toBeVisible();
  await agent.locator("#thread-tags summary").click();
  await agent.locator("#tags-tag").fill("x".repeat(51));
  await agent.getByRole("button", { name: "Save tags" }).click();
  await expect(agent.getByText("A tag must have 1 to 50 characters.")).toBeVisible();
  await agent.locator("#thread-resolve summary").click();
  await agent.locator("#tags-resolve").fill("done");
  await agent.locator("#submit-resolve").click();
  await expect(agent.locator("#thread-header")).toContainText("Resolved");
  await expect(agent.locator(".thread-facts .tag")).toHaveCount(0);
  await agent.getByRole("link", { name: /^All/ }).click();
  await expect(agent.locator(".row").filter({ hasText: name })).toContainText("Resolved");
  await agent.locator(".rail-profile summary").click();
  await agent.getByRole("button", { name: "Log out" }).click();
  await expect(agent.getByRole("button", { name: "Log in" })).toBeVisible();
  await agent.goto("/inbox");
  await expect(agent.getByRole("button", { name: "Log in" })).toBeVisible();
});

test("a wrong password shows an error and keeps the email address", async ({ context }) => {
  const page = await context.newPage();
  await page.goto("/auth/login");
  await page.getByLabel("Email").fill("nobody@example.com");
  await page.getByLabel("Password").fill("wrong password");
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("alert")).toHaveText("Wrong email or password.");
  await expect(page.getByLabel("Email")).toHaveValue("nobody@example.com");
});
