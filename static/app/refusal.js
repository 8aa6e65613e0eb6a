// A refused chat also logs the reason in the console, where the site's developer looks, and has the loader stop trying.
console.error(`Parley: ${document.getElementById("problem").textContent}`);
parent.postMessage({ parley: 1, type: "refused" }, "*");
