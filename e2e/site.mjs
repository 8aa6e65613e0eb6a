// A site of somebody else: answers the page it is given, under the origin of this machine's other name.
import { createServer } from "node:http";

export async function site(page = "") {
  const server = createServer((_, response) => {
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(host.page);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const host = { page, url: `http://localhost:${server.address().port}`, close: () => server.close() };
  return host;
}

// withSnippet is a page that carries a snippet just before its end.
export const withSnippet = (snippet) => `<!doctype html><html lang="en"><title>A shop</title><body><h1>A shop</h1>${snippet}</body></html>`;
