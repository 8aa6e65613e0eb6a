// Asks the server for a part of the page without anybody having pressed anything. A failure is not shown as a notice: the
// connection tries again, and its banner says so.
import { lost } from "./connection.js";
import { fetchPart } from "./part.js";
import { connection } from "./socket.js";

const errors = { 401: "unauthorized", 403: "forbidden", 404: "not_found", 429: "rate_limited", 500: "internal" };

// redraw returns a result like an acknowledgement.
export async function redraw(target, path, swap) {
  let result = { ok: true }; // also if htmx asks later, because the target has a request, or not at all
  const ask = async (...request) => {
    const answer = await fetchPart(...request).catch((error) => {
      if (error?.name !== "AbortError") result = lost;
      throw error;
    });
    const seconds = Number(answer.headers.get("Retry-After")) || 0;
    result = answer.ok
      ? { ok: true }
      : { ok: false, error: errors[answer.status] ?? "unavailable", retry_after_ms: seconds * 1000 };
    return answer;
  };
  await htmx.ajax("GET", path, { source: target, target, swap, fetch: ask, quiet: true }).catch(() => {});
  if (!result.ok) connection.report(result);
  return result;
}

// Not even a redirect to the login: what was typed would be gone.
document.addEventListener("htmx:before:response", (event) => {
  const { quiet, response } = event.detail.ctx;
  if (quiet && response.status >= 400) event.preventDefault();
});
