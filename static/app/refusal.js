// A chat that was refused: says why in the console too, where the developer of the site looks.
console.error(`Parley: ${document.getElementById("problem").textContent}`);
