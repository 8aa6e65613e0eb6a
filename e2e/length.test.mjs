// Counts texts and finds blank ones as the server does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { blank, excess } from "../static/app/length.js";

const named = (text) => [...text].map((one) => `U+${one.codePointAt(0).toString(16).padStart(4, "0")}`).join(" ");

test("characters are code points, and space around them does not count", () => {
  assert.equal(excess("a".repeat(10_000), 10_000), 0);
  assert.equal(excess("a".repeat(10_120), 10_000), 120);
  assert.equal(excess("😀".repeat(10_000), 10_000), 0);
  assert.equal(excess(`${"😀".repeat(9_999)}ab`, 10_000), 1);
  assert.equal(excess(` \n${"a".repeat(5)}${" ".repeat(100)}`, 5), 0);
  assert.equal(excess("\ud83d".repeat(3), 2), 1); // halves of pairs arrive as one character each
});

test("an invisible text is blank", () => {
  const nothing = [
    ..." \t\n\r\v\f\0\x1b\x7f",
    ..."\u0085\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b\u180e\u180f\u2000\u200a\u200b\u200c\u200d",
    ..."\u200e\u200f\u2028\u2029\u202a\u202e\u202f\u205f\u2060\u2061\u2064\u2066\u2069\u206f\u2800\u3000\u3164",
    ..."\ufe00\ufe0f\ufeff\uffa0\ufff9\u{1d173}\u{e0001}\u{e0041}\u{e007f}\u{e0100}\u{e01ef}",
  ];
  for (const one of ["", ...nothing, nothing.join(""), "\u2060 \u200b\u2800\n"]) assert.ok(blank(one), named(one));
});

test("a text with a visible character is not blank", () => {
  for (const some of ["a", "\u200b.", "😀", "👨‍👩‍👧", "❤️", "1️⃣", "🏴\u{e0067}\u{e007f}", "\u0301", "ᅡ", "ا", "\ufffd"])
    assert.ok(!blank(some), named(some));
});
