// Counts texts and finds blank ones as the server does.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { blank, excess } from "../static/app/length.js";

const examples = JSON.parse(readFileSync(new URL("../services/testdata/blank.json", import.meta.url)));

test("characters are code points, and space around them does not count", () => {
  assert.equal(excess("a".repeat(10_000), 10_000), 0);
  assert.equal(excess("a".repeat(10_120), 10_000), 120);
  assert.equal(excess("😀".repeat(10_000), 10_000), 0);
  assert.equal(excess(`${"😀".repeat(9_999)}ab`, 10_000), 1);
  assert.equal(excess(` \n${"a".repeat(5)}${" ".repeat(100)}`, 5), 0);
  assert.equal(excess("\ud83d".repeat(3), 2), 1); // halves of pairs arrive as one character each
});

test("a text is blank where the server finds it blank", () => {
  for (const { name, text } of examples.blank) assert.ok(blank(text), name);
  assert.ok(blank(examples.blank.map(({ text }) => text).join("")), "all of them");
});

test("a text with a visible character is not blank", () => {
  for (const { name, text } of examples.visible) assert.ok(!blank(text), name);
});
