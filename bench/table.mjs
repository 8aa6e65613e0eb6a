// Prints the benchmark's results as Markdown. A result is one JSON object of loadtest in a file named
// <measurement>.<contender>.<round>.json. Contenders are peer, postgres and sqlite (Parley on that store).
//
//   node bench/table.mjs <folder of results>
//
// A ratio is Parley's figure divided by the peer's of the same round. The table shows the median of the rounds.
import { readFileSync, readdirSync } from "node:fs";
import { pathToFileURL } from "node:url";

const atLeast = (least) => ({ text: `≥ ${least}×`, met: ({ ratio }) => ratio >= least });
const atMost = (most, text = `≤ ${most}×`) => ({ text, met: ({ ratio }) => ratio <= most });

const onPostgres = { contender: "postgres" };
const onSQLite = { contender: "sqlite", note: "; Parley on SQLite, peer on PostgreSQL" };

export const rows = [
  {
    of: "send",
    ...onPostgres,
    scenario: "500 senders, durable",
    metric: "acknowledged/s",
    field: "acked_per_s",
    target: atLeast(5),
  },
  {
    of: "send",
    ...onPostgres,
    scenario: "500 senders, durable",
    metric: "p99, ms",
    field: "p99_ms",
    target: atMost(1 / 3, "≤ 1/3"),
  },
  {
    of: "send",
    ...onPostgres,
    scenario: "500 senders, durable",
    metric: "server CPU a delivery, µs",
    field: "cpu_us_per_delivery",
  },
  {
    of: "send",
    ...onSQLite,
    scenario: "500 senders, durable",
    metric: "acknowledged/s",
    field: "acked_per_s",
    target: atLeast(3),
  },
  { of: "send", ...onSQLite, scenario: "500 senders, durable", metric: "p99, ms", field: "p99_ms" },
  {
    of: "single",
    ...onPostgres,
    scenario: "one sender, durable",
    metric: "p50, ms",
    field: "p50_ms",
    target: atMost(1, "no worse"),
  },
  { of: "single", ...onSQLite, scenario: "one sender, durable", metric: "p50, ms", field: "p50_ms" },
  {
    of: "typing",
    ...onPostgres,
    scenario: "500 rooms of two, typing",
    metric: "server CPU a delivery, µs",
    field: "cpu_us_per_delivery",
    target: atMost(0.6),
  },
  {
    of: "typing",
    ...onPostgres,
    scenario: "500 rooms of two, typing",
    metric: "deliveries/s",
    field: "delivered_per_s",
  },
  {
    of: "big",
    ...onPostgres,
    scenario: "one room of 1,000, typing",
    metric: "server CPU a delivery, µs",
    field: "cpu_us_per_delivery",
    target: atMost(0.7),
  },
  { of: "big", ...onPostgres, scenario: "one room of 1,000, typing", metric: "deliveries/s", field: "delivered_per_s" },
  {
    of: "idle",
    ...onPostgres,
    scenario: "idle WebSockets",
    metric: "KB each",
    field: "kb_per_connection",
    target: { text: "≤ 12 KB", met: ({ parley }) => parley <= 12 },
  },
  {
    // Memory that the garbage collector has not returned yet is not a leak: a tenth, or 8 MB, may remain.
    of: "churn",
    ...onPostgres,
    scenario: "20,000 connects and closes",
    metric: "memory after, MB more than before",
    digits: 1,
    figure: (result) => result.rss_after_mb - result.rss_before_mb,
    unrelated: true,
    target: {
      text: "back to where it was",
      met: ({ parley, results }) => parley <= Math.max(8, results[0].rss_before_mb / 10),
    },
  },
];

export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// More than three significant digits would only show noise.
export function format(number, digits = Math.abs(number) >= 100 ? 0 : Math.abs(number) >= 10 ? 1 : 2) {
  return number.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

// line returns a row as Markdown, or undefined if it was not measured.
export function line(row, results) {
  const figure = row.figure ?? ((result) => result[row.field]);
  const pairs = results.of(row.of, row.contender);
  if (pairs.length === 0) return undefined;
  const peer = median(pairs.map((pair) => figure(pair.peer)));
  const parley = median(pairs.map((pair) => figure(pair.parley)));
  const ratio = median(pairs.map((pair) => figure(pair.parley) / figure(pair.peer)));
  const target = row.target
    ? `${row.target.text} ${row.target.met({ ratio, parley, results: pairs.map((pair) => pair.parley) }) ? "✓" : "✗"}`
    : "";
  const shown = [peer, parley].map((number) => format(number, row.digits));
  const times = row.unrelated ? "" : `${format(ratio, 2)}×`;
  return `| ${[row.scenario + (row.note ?? ""), row.metric, ...shown, times, target].join(" | ")} |`;
}

export function readResults(folder) {
  const rounds = new Map();
  for (const name of readdirSync(folder)) {
    const [of, contender, round] = name.split(".");
    rounds.set(`${of}.${contender}.${round}`, JSON.parse(readFileSync(`${folder}/${name}`, "utf8")));
  }
  return {
    of: (measurement, contender) =>
      [...rounds.keys()]
        .filter((key) => key.startsWith(`${measurement}.${contender}.`))
        .map((key) => ({ parley: rounds.get(key), peer: rounds.get(`${measurement}.peer.${key.split(".")[2]}`) }))
        .filter((pair) => pair.peer),
  };
}

function print(folder) {
  const results = readResults(folder);
  console.log("| scenario | metric | Node peer | Parley | ratio | target |");
  console.log("| --- | --- | ---: | ---: | ---: | --- |");
  for (const row of rows) {
    const text = line(row, results);
    if (text) console.log(text);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) print(process.argv[2]);
