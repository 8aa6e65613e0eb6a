// Fetches what Parley draws. An answer without its mark comes from something on the way, such as the login page of a
// network or the error page of a proxy. It counts as no answer: it is never drawn, and confirms nothing.
const MARK = "X-Parley";

export async function fetchPart(...request) {
  const answer = await fetch(...request);
  if (!answer.headers.has(MARK)) throw new TypeError("The answer is not from Parley.");
  return answer;
}

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => (ctx.fetch ||= fetchPart));
