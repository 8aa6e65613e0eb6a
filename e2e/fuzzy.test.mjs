// How the palette and the tags match a typed text.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fit } from "../static/app/fuzzy.js";

test("a match at the beginning of a word is best, then one inside a word, then letters in order", () => {
  assert.equal(fit("Unassign", "un"), 0);
  assert.equal(fit("Unassign", "assign"), 1);
  assert.equal(fit("Unassign", "usg"), 2);
  assert.equal(fit("Unassign", "gu"), undefined);
  assert.equal(fit("Unassign", ""), 0);
});

test("case, accents and spaces do not matter", () => {
  assert.equal(fit("Zoë Quill", " ZOE "), 0);
  assert.equal(fit("Keyboard shortcuts", "key cut"), 2);
});
