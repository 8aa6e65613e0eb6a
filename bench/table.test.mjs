// node --test bench/
import assert from "node:assert/strict";
import test from "node:test";
import { format, line, median, rows } from "./table.mjs";

const row = (of, field) => rows.find((row) => row.of === of && row.field === field);
const pairs = (...list) => ({ of: () => list.map(([peer, parley]) => ({ peer, parley })) });
const acked = (n) => ({ acked_per_s: n });

test("figures and ratios are medians of the rounds; the ratio is not the ratio of the medians", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1]), 2.5);
  const text = line(
    row("send", "acked_per_s"),
    pairs([acked(1000), acked(6000)], [acked(2000), acked(10000)], [acked(3000), acked(9000)]),
  );
  assert.equal(text, "| 500 senders, durable | acknowledged/s | 2,000 | 9,000 | 5.00× | ≥ 5× ✓ |");
});

test("a missed target is marked", () => {
  assert.match(line(row("send", "acked_per_s"), pairs([acked(1000), acked(4990)])), /4.99× \| ≥ 5× ✗/);
});

test("memory that remains after the churn is a missed target", () => {
  const churn = rows.find((row) => row.of === "churn");
  const memory = (before, after) => ({ rss_before_mb: before, rss_after_mb: after });
  assert.match(
    line(churn, pairs([memory(100, 90), memory(40, 47)])),
    /\| -10.0 \| 7.0 \| {2}\| back to where it was ✓/,
  );
  assert.match(line(churn, pairs([memory(100, 90), memory(40, 80)])), /✗/);
});

test("a row that was not measured has no line", () => {
  assert.equal(line(rows[0], pairs()), undefined);
});

test("figures are rounded to three significant digits", () => {
  assert.deepEqual(
    [12345.6, 12.345, 0.456].map((n) => format(n)),
    ["12,346", "12.3", "0.46"],
  );
});
