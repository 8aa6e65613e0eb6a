// Prints the results of library.sh as Markdown, with one column per contender. A result is one JSON object of loadtest in
// a file named <measurement>.<contender>.<round>.json, as for table.mjs. The table shows the median of the rounds, or the
// worst and the best round for counts of lost and late packets.
//
//   node bench/library.mjs <folder of results>
import { readFileSync, readdirSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { format, median } from "./table.mjs";

const contenders = [
  ["peer", "Node"],
  ["v2", "Go library, v2"],
  ["v3", "Go library, v3"],
  ["flask", "Flask-SocketIO"],
  ["postgres", "Parley"],
];

const middle =
  (pick, show = format) =>
  (results) =>
    show(median(results.map(pick)));

// range shows the smallest and the largest count of the rounds.
const range = (pick) => (results) => {
  const counts = results.map(pick).toSorted((a, b) => a - b);
  const [least, most] = [counts[0], counts.at(-1)].map((count) => format(count, 0));
  return least === most ? least : `${least}–${most}`;
};

// worst shows the worst round of a server that had to refuse bad input.
function worst(results, fine, harmed, ended) {
  if (results.some((r) => r.process_ended)) return ended;
  return results.every((r) => r.ok) ? fine : harmed;
}

const percent = (share) => (share === 0 ? "none" : `${format(share * 100)} %`);

export const rows = [
  { of: ["broadcasts"], text: "10,000 broadcasts in a burst: received", cell: range((r) => r.received) },
  {
    of: ["order"],
    text: "10,000 events of one client: acknowledged out of order",
    cell: (results) => (results.every((r) => r.ok) ? "none" : range((r) => r.late + r.n - r.acked)(results)),
  },
  {
    of: ["malformed"],
    text: "one malformed frame (`42`)",
    cell: (results) => worst(results, "survives", "harms other sockets", "**the process ends**"),
  },
  {
    of: ["typing", "big", "idle", "churn"],
    text: "WebSocket handshakes that got no answer",
    cell: (results) => `${sum(results, "handshakes_failed")} of ${format(sum(results, "handshakes"), 0)}`,
  },
  {
    of: ["churn"],
    text: "memory grown after 2,000 connections have come and gone, MB",
    cell: middle(
      (r) => r.rss_after_mb - r.rss_before_mb,
      (mb) => format(mb, 1),
    ),
  },
  { of: ["idle"], text: "memory of an idle WebSocket, KB", cell: middle((r) => r.kb_per_connection) },
  { of: ["typing"], text: "server CPU a delivery, 500 rooms of two, µs", cell: middle((r) => r.cpu_us_per_delivery) },
  { of: ["big"], text: "server CPU a delivery, one room of 1,000, µs", cell: middle((r) => r.cpu_us_per_delivery) },
  {
    of: ["send"],
    text: "500 senders, durable: acknowledged messages/s",
    cell: middle((r) => r.acked_per_s),
    durable: true,
  },
  {
    of: ["receipts"],
    text: "one sender with ten messages under way: received out of order",
    cell: middle((r) => r.late_share, percent),
    durable: true,
  },
];

const notes = [
  "Out of order means: after something that was sent later. An event that was never acknowledged counts too.",
  "Memory is the resident memory of the process. The 2,000 connections follow 4,000 others, which fill what a runtime",
  "keeps in reserve. The Go peers collect garbage and return memory as Parley does; Node and Python return memory late,",
  "so growth is no proof of a leak there.",
];
const storesNothing =
  "– The peers on the Go library store nothing: the code that stores would be Parley's again, not the library's.";

function sum(results, field) {
  return results.reduce((total, result) => total + result[field], 0);
}

// table returns the results as Markdown. results(measurement, contender) lists a contender's results.
export function table(results) {
  const measured = contenders.filter(([name]) => rows.some((row) => row.of.some((of) => results(of, name).length > 0)));
  const titles = measured.map(([, title]) => title).join(" | ");
  const lines = [`| | ${titles} |`, `| --- |${" ---: |".repeat(measured.length)}`];
  let dashes = false;
  for (const row of rows) {
    const cells = measured.map(([name]) => {
      const found = row.of.flatMap((of) => results(of, name));
      return found.length > 0 ? row.cell(found) : "–";
    });
    if (cells.every((cell) => cell === "–")) continue;
    dashes ||= row.durable && cells.includes("–");
    lines.push(`| ${row.text} | ${cells.join(" | ")} |`);
  }
  return [...lines, "", ...(dashes ? [storesNothing, ""] : []), notes.join("\n")].join("\n");
}

export function readResults(folder) {
  const files = readdirSync(folder);
  return (measurement, contender) =>
    files
      .filter((file) => file.startsWith(`${measurement}.${contender}.`))
      .map((file) => JSON.parse(readFileSync(`${folder}/${file}`, "utf8")));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) console.log(table(readResults(process.argv[2])));
