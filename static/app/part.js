// Fetches what Parley draws. An answer without its mark comes from something on the way, such as the login page of a
// network or the error page of a proxy. It counts as no answer: it is never drawn, and confirms nothing.
const MARK = "X-Parley";
const TIMEOUT = 10_000; // ms until a request without an answer counts as lost

export async function fetchPart(path, { signal, ...options }) {
  const ends = AbortSignal.timeout(TIMEOUT);
  const answer = await fetch(path, { ...options, signal: signal ? AbortSignal.any([signal, ends]) : ends });
  if (!answer.headers.has(MARK)) throw new TypeError("The answer is not from Parley.");
  return answer;
}

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => (ctx.fetch ||= fetchPart));
