// The loader and the server must refuse the same session_ids: those of templates that were not filled in. Both tests
// use the same examples.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { unfilled } from "../static/widget/src/loader/session_id.js";

const examples = JSON.parse(readFileSync(new URL("../services/testdata/session_ids.json", import.meta.url)));

test("a template that was not filled in is refused, and nothing else", () => {
  assert.deepEqual(
    examples.refused.filter((id) => !unfilled(id)),
    [],
  );
  assert.deepEqual(examples.taken.filter(unfilled), []);
});

test("the longest id is checked within a second", () => {
  const start = process.cpuUsage();
  for (const part of ["{", "%a", "a_", "_", "a", "%_", "undefine"]) unfilled(part.repeat(10_000 / part.length) + "!");
  const { user } = process.cpuUsage(start); // µs
  assert.ok(user < 1_000_000, `${user} µs`);
});
