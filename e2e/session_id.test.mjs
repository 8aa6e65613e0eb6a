// Which session_id is a template that was not filled in: the loader's rule on the examples that the server's has too.
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

test("the longest id is judged at once", () => {
  const start = process.cpuUsage();
  for (const part of ["{", "%a", "a_", "_", "a", "%_", "undefine"]) unfilled(part.repeat(10_000 / part.length) + "!");
  const { user } = process.cpuUsage(start); // µs
  assert.ok(user < 1_000_000, `${user} µs`);
});
