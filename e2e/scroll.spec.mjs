// The frame of the dashboard never moves: its parts scroll, but the window does not, whatever gets the focus or is
// linked to.
import { test } from "./company.mjs";
import { expect, openThread, openWidget, say } from "./journey.mjs";

const SIZES = [
  { width: 360, height: 640 },
  { width: 1440, height: 700 },
];
const LEAST = 20; // pages at least, or the test has missed some

// route returns a path without the ids in it.
const route = (path) => path.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, ":id");

// moves focuses everything on the page that can have the focus, scrolls to what is visually hidden, opens all details
// and follows every link into the page. It returns what moved the window.
const moves = () => {
  const root = document.scrollingElement;
  const found = [];
  const look = (after) => {
    const { scrollTop, scrollLeft, scrollHeight, clientHeight } = root;
    if (scrollTop || scrollLeft) found.push(`${after}: the window scrolls by ${scrollLeft}, ${scrollTop}`);
    else if (scrollHeight > clientHeight) found.push(`${after}: ${scrollHeight} px high in ${clientHeight}`);
    root.scrollTo(0, 0);
  };
  const name = (node) => `${node.localName}.${node.className} "${node.textContent.trim().slice(0, 40)}"`;
  look("at first");
  for (const details of document.querySelectorAll("details")) details.open = true;
  look("with all details open");
  for (const node of document.querySelectorAll("a, button, input, select, textarea, summary, [tabindex], .sr-only")) {
    node.scrollIntoView({ block: "center" });
    node.focus();
    look(name(node));
  }
  for (const link of document.querySelectorAll('a[href^="#"]')) {
    location.hash = link.hash;
    look(link.hash);
  }
  return found.slice(0, 3);
};

const links = () =>
  [...document.querySelectorAll("a[href^='/'], [data-dialog][href]")].map((link) => new URL(link.href).pathname);

test("no page of the dashboard scrolls as a whole", async ({ admin, newContext }) => {
  test.slow();
  const endUser = await (await newContext()).newPage();
  const name = await openWidget(endUser);
  await say(endUser, "Hello");
  await openThread(admin, name);
  const thread = new URL(admin.url()).pathname;
  const waiting = [thread, `${thread}/compose`, "/welcome", "/profile", "/styleguide", "/demo"];
  const seen = new Map();
  const faults = [];
  while (waiting.length > 0) {
    const path = waiting.shift();
    if (seen.has(route(path)) || /^\/(chat-widget|static|photos)|\.json$/.test(path)) continue;
    seen.set(route(path), path);
    for (const size of SIZES) {
      await admin.setViewportSize(size);
      await admin.goto(path);
      if ((await admin.locator(".frame").count()) === 0) break;
      for (const fault of await admin.evaluate(moves)) faults.push(`${path}, ${size.width} px: ${fault}`);
    }
    waiting.push(...(await admin.evaluate(links)));
  }
  expect(faults).toEqual([]);
  expect(seen.size, [...seen.keys()].join("\n")).toBeGreaterThanOrEqual(LEAST);
});
