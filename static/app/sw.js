// The service worker: stores the offline page with its files, and shows it when a page of the dashboard can't be
// reached. Everything else comes from the network: a stale inbox would be worse than none.
const CACHE = "offline";

let shown = false; // the offline page is loading

async function keep() {
  const answer = await fetch("/offline", { cache: "no-store" });
  if (!answer.headers.has("X-Parley")) throw new TypeError("The answer is not from Parley.");
  const html = await answer.clone().text();
  const cache = await caches.open(CACHE);
  await cache.put("/offline", answer);
  await cache.addAll([...html.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map(([, url]) => url));
}

async function show(request) {
  try {
    shown = false;
    return await fetch(request);
  } catch {
    shown = true;
    return caches.match("/offline");
  }
}

addEventListener("install", (event) => event.waitUntil(keep().then(() => skipWaiting())));
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname } = new URL(request.url);
  if (request.destination === "document" && !pathname.startsWith("/chat-widget")) event.respondWith(show(request));
  else if (shown && pathname.startsWith("/static/"))
    event.respondWith(caches.match(request).then((kept) => kept || fetch(request)));
});
