// A web site on another origin, by this machine's other name. It answers every path with the page it is given, and with
// the policy and headers if there are any. It runs until the tests end, because browsers may request a site's icon at
// any time.
import { createServer } from "node:http";

export async function site(page = "", policy = "", headers = {}) {
  const host = { page };
  const server = createServer((request, response) => {
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    if (policy) response.setHeader("Content-Security-Policy", policy);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.end(typeof host.page === "function" ? host.page(request.url) : host.page);
  });
  server.listen(0, "127.0.0.1").unref();
  await new Promise((resolve) => server.once("listening", resolve));
  host.url = `http://localhost:${server.address().port}`;
  return host;
}

// withSnippet returns a page with a snippet just before its end.
export const withSnippet = (snippet) =>
  `<!doctype html><html lang="en"><title>A shop</title><body><h1>A shop</h1>${snippet}</body></html>`;
