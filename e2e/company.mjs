// What the tests of the administrators' pages share: a server of their own, whose demo they may change, and people who
// join its organization.
import { createHmac } from "node:crypto";
import { expect, logIn, test as base } from "./journey.mjs";
import { start } from "./parley.mjs";

export const test = base.extend({
  parley: [
    async ({}, use) => {
      const parley = await start({ args: ["--demo"] });
      await use(parley);
      await parley.remove();
    },
    { scope: "worker" },
  ],
  baseURL: async ({ parley }, use) => use(parley.url),
  admin: async ({ newContext, parley }, use) => {
    const page = await (await newContext()).newPage();
    await logIn(page, parley.seeded.admin);
    await use(page);
  },
});

let named = 0;

// invite invites a person and returns the link.
export async function invite(admin, { email, role = "Agent: answers in the inbox" }) {
  await admin.goto("/company/team");
  await admin.getByLabel("Email").fill(email);
  await admin.getByLabel("Role").selectOption({ label: role });
  await admin.getByRole("button", { name: "Invite", exact: true }).click();
  const dialog = admin.getByRole("dialog", { name: `Invitation for ${email}` });
  const link = await dialog.locator("#secret").textContent();
  await dialog.getByRole("button", { name: "Done" }).click();
  return link;
}

// newcomer invites a person and lets them join. Their page shows the inbox.
export async function newcomer(admin, newContext, options = {}) {
  const number = ++named;
  const person = {
    email: `new-${process.pid}-${number}@example.com`,
    name: `Newcomer ${process.pid}-${number}`,
    password: "a password to join",
  };
  const link = await invite(admin, { email: person.email, role: options.role });
  const page = await (await newContext(options.context)).newPage();
  await page.goto(link);
  await page.getByLabel("Your name").fill(person.name);
  await page.getByLabel("Password").fill(person.password);
  await page.getByRole("button", { name: "Join" }).click();
  await expect(page.locator("#inbox")).toBeVisible();
  return { ...person, page };
}

// code returns what an authenticator app shows for secret, a number of 30 s steps ahead. The code of a step works once.
export function code(secret, ahead = 0) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  let bits = "";
  for (const letter of secret.replaceAll(/[\s=]/g, "")) bits += alphabet.indexOf(letter).toString(2).padStart(5, "0");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
  const mac = createHmac("sha1", key).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

// loggedOut waits until a page shows the login. It retries, because an open inbox may go there by itself, which
// interrupts goto.
export const loggedOut = (page) =>
  expect(async () => {
    await page.goto("/inbox");
    await expect(page.getByRole("button", { name: "Log in" })).toBeVisible({ timeout: 1_000 });
  }).toPass();
