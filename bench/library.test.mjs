// node --test bench/
import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { readResults, table } from "./library.mjs";

// of turns {"order.v2": [first round, second round]} into the function that table takes.
const of = (results) => (measurement, contender) => results[`${measurement}.${contender}`] ?? [];
const row = (text, results) =>
  table(of(results))
    .split("\n")
    .find((line) => line.startsWith(`| ${text}`));

test("each measured contender has a column, in a fixed order", () => {
  const typing = (cpu_us_per_delivery) => [{ cpu_us_per_delivery }];
  const text = table(of({ "typing.postgres": typing(24), "typing.v3": typing(90) }));
  assert.match(text, /^\| \| Go library, v3 \| Parley \|\n\| --- \| ---: \| ---: \|\n/);
});

test("the median of the rounds is shown", () => {
  const rounds = [90, 30, 40].map((cpu_us_per_delivery) => ({ cpu_us_per_delivery }));
  assert.match(row("server CPU a delivery, one room", { "big.v3": rounds }), /\| 40.0 \|$/);
});

test("broadcasts show the worst and the best round", () => {
  const received = (...counts) => counts.map((count) => ({ received: count }));
  const results = { "broadcasts.v2": received(1502, 69), "broadcasts.v3": received(10000, 10000) };
  assert.match(row("10,000 broadcasts", results), /\| 69–1,502 \| 10,000 \|$/);
});

test("an event that was never acknowledged counts as out of order, and one bad round is shown", () => {
  const good = { n: 10, acked: 10, late: 0, ok: true };
  const bad = { n: 10, acked: 9, late: 3, ok: false };
  assert.match(row("10,000 events", { "order.v2": [good, bad], "order.v3": [good, good] }), /\| 0–4 \| none \|$/);
});

test("the end of a process after a malformed frame is marked", () => {
  const results = {
    "malformed.v2": [{ ok: true }, { ok: false, process_ended: true }],
    "malformed.v3": [{ ok: true, process_ended: false }],
    "malformed.flask": [{ ok: false, process_ended: false }],
  };
  assert.match(row("one malformed", results), /\| \*\*the process ends\*\* \| survives \| harms other sockets \|$/);
});

test("handshakes are counted over all measurements", () => {
  const dialed = (handshakes, handshakes_failed) => [{ handshakes, handshakes_failed, cpu_us_per_delivery: 1 }];
  const results = { "typing.v2": dialed(1000, 2), "big.v2": dialed(2000, 1), "typing.v3": dialed(1000, 0) };
  assert.match(row("WebSocket handshakes", results), /\| 3 of 3,000 \| 0 of 1,000 \|$/);
});

test("a peer that cannot do it has a dash, and a note explains it", () => {
  const send = [{ acked_per_s: 415 }];
  const some = table(of({ "send.flask": send, "typing.v2": [{ cpu_us_per_delivery: 1 }] }));
  assert.match(some, /\| 500 senders, durable: acknowledged messages\/s \| – \| 415 \|/);
  assert.match(some, /^– The peers on the Go library store nothing/m);
  assert.doesNotMatch(table(of({ "send.flask": send })), /^–/m);
});

test("a share of zero out of order is shown as none", () => {
  const share = (late_share) => [{ late_share }];
  const results = { "receipts.flask": share(0.4), "receipts.postgres": share(0) };
  assert.match(row("one sender", results), /\| 40.0 % \| none \|$/);
});

test("results are read by measurement, contender and round", () => {
  const folder = mkdtempSync(join(tmpdir(), "library-"));
  for (const [name, received] of [
    ["broadcasts.v2.1", 1],
    ["broadcasts.v2.2", 2],
    ["broadcasts.v3.1", 3],
  ]) {
    writeFileSync(join(folder, `${name}.json`), JSON.stringify({ received }));
  }
  assert.deepEqual(
    readResults(folder)("broadcasts", "v2")
      .map((result) => result.received)
      .toSorted(),
    [1, 2],
  );
});
