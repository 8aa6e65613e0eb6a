// The page that the service worker shows without a network. It reloads as soon as there is one.
addEventListener("online", () => location.reload());
