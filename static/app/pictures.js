// Pictures in messages: a text replaces one that can't be loaded, and a press shows one at full size.
function broken(image) {
  const note = document.createElement("span");
  note.className = "message-broken";
  note.textContent = image.dataset.fallback;
  image.replaceWith(note);
}

// Captured, because this event does not bubble.
document.addEventListener("error", ({ target }) => target.matches?.("img[data-fallback]") && broken(target), true);

// look replaces pictures that failed before this script ran.
function look() {
  for (const image of document.querySelectorAll("img[data-fallback]"))
    if (image.complete && !image.naturalWidth) broken(image);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-view]");
  const viewer = document.getElementById("viewer");
  if (!link?.querySelector("img") || !viewer || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const image = viewer.querySelector("img");
  image.src = link.href;
  image.alt = link.dataset.view;
  viewer.querySelector("a").href = link.href;
  viewer.showModal();
});

document.addEventListener("click", ({ target }) => {
  if (target.id === "viewer") target.close();
});

document.addEventListener("htmx:after:swap", look);
look();
