// A refused chat also logs the reason in the console, where the site's developer looks.
console.error(`Parley: ${document.getElementById("problem").textContent}`);
