// Fetches what Parley draws. What something on the way answers counts as no answer: it is never drawn, and confirms
// nothing.
import { isOurs } from "./ours.js";

const TIMEOUT = 10_000; // ms until a request without an answer counts as lost

export async function fetchPart(path, { signal, ...options }) {
  const ends = AbortSignal.timeout(TIMEOUT);
  const answer = await fetch(path, { ...options, signal: signal ? AbortSignal.any([signal, ends]) : ends });
  if (!isOurs(answer)) throw new TypeError("The answer is not from Parley.");
  return answer;
}

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => (ctx.fetch ||= fetchPart));
