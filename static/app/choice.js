// A choice is what an agent pressed to see something else: a filter or a search of the list, a conversation, or the
// browser's way back. One that the server did not answer is made again once the connection is back. Of each kind only
// the latest counts.
import { lost } from "./connection.js";
import { UNREACHABLE, dropUnreachable, showUnreachable } from "./notice.js";
import { connection } from "./socket.js";

const MOST = 3; // times that a choice fails while everything else works

const reasons = { lost: UNREACHABLE, unavailable: "Parley has a problem.", rate_limited: "Too many requests." };
const promises = {
  list: "The list changes as soon as it can.",
  thread: "The conversation opens as soon as it can.",
  page: "The page opens as soon as it can.",
};

const running = new Map(); // kind → its ctx of htmx
const waiting = new Map(); // kind → the choice that failed

function kindOf({ quiet, request, target }) {
  if (quiet || request.method !== "GET") return undefined;
  return target === document.body ? "page" : { list: "list", thread: "thread" }[target?.id];
}

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  const kind = kindOf(ctx);
  if (!kind) return;
  const { request, sourceElement: source, swap, push, replace, failed = 0 } = ctx;
  const { action, headers } = request;
  ctx.choice = { kind, action, headers, source, swap, push, replace, failed }; // an error changes ctx
  running.get(kind)?.request.abort?.();
  running.set(kind, ctx);
  waiting.delete(kind);
});

document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  if (ctx.choice && running.get(ctx.choice.kind) === ctx) running.delete(ctx.choice.kind);
});

function wait(choice, ack) {
  const { name } = connection.state;
  if (name === "online") choice.failed++;
  const reason = reasons[ack.error];
  if (name === "refused" || choice.failed > MOST) return showUnreachable(`${reason} Try again.`);
  waiting.set(choice.kind, choice);
  showUnreachable(`${reason} ${promises[choice.kind]}`, true);
  connection.report(ack);
}

document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
  if (ctx?.choice) wait(ctx.choice, lost);
});

const passing = { 429: "rate_limited", 503: "unavailable" };

document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  const error = passing[ctx.response.status];
  if (!ctx.choice || !error) return;
  ctx.swap = "none"; // instead of the server's notice
  const seconds = Number(ctx.response.headers.get("Retry-After")) || 0;
  wait(ctx.choice, { ok: false, error, retry_after_ms: seconds * 1000 });
});

// What is typed after a press belongs to the open conversation, which must not change before the answer comes.
document.addEventListener("input", ({ target }) => {
  if (target.id === "content" && waiting.delete("thread")) dropUnreachable();
});

function make({ kind, action, headers, source, ...rest }) {
  if (kind !== "page")
    return htmx.ajax("GET", action, { source: source.isConnected ? source : "body", target: `#${kind}`, ...rest });
  if (action !== location.pathname + location.search) return undefined;
  const abort = new AbortController();
  const request = { headers, signal: abort.signal, abort: abort.abort.bind(abort) };
  return htmx.ajax("GET", action, { target: "body", request, ...rest });
}

connection.watch(({ name }) => {
  if (name !== "online") return;
  dropUnreachable();
  for (const choice of [...waiting.values()]) {
    waiting.delete(choice.kind);
    make(choice)?.catch(() => {});
  }
});
