// Rules that every style sheet has to keep.
import assert from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";

const folders = ["../static/app/css/", "../static/widget/style/"].map((path) => new URL(path, import.meta.url));
const files = folders.flatMap((folder) =>
  readdirSync(folder).map((name) => [name, readFileSync(new URL(name, folder), "utf8")]),
);

const SCROLLS = /(?:^|;)\s*overflow(?:-[xy])?:[^;]*\b(?:auto|scroll)\b/;
const POSITIONED = /(?:^|;)\s*position: *(?:relative|absolute|fixed|sticky)/;
const BY_THE_BROWSER = [".dialog"];

// rulesOf returns the innermost blocks of a style sheet, also in media queries: [selector, declarations].
const rulesOf = (css) =>
  [...css.replaceAll(/\/\*[\s\S]*?\*\//g, "").matchAll(/([^{};]+)\{([^{}]*)\}/g)].map(([, selector, declarations]) => [
    selector.trim(),
    declarations,
  ]);

// Otherwise an absolutely positioned child, such as an .sr-only, stays behind when the part scrolls, and makes an outer
// part scroll.
test("every part that scrolls is a positioned ancestor", () => {
  let scrolling = 0;
  const loose = [];
  for (const [name, css] of files) {
    const rules = rulesOf(css);
    for (const [selector] of rules.filter(([, declarations]) => SCROLLS.test(declarations))) {
      scrolling++;
      const own = rules.filter(([other]) => other === selector);
      if (!BY_THE_BROWSER.includes(selector) && !own.some(([, declarations]) => POSITIONED.test(declarations)))
        loose.push(`${name}: ${selector}`);
    }
  }
  assert.deepEqual(loose, []);
  assert.ok(scrolling > 10, "the styles were not read");
});
