// The page that the service worker shows without a network: goes on as soon as there is one.
addEventListener("online", () => location.reload());
