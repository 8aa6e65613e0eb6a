// The strip above the page that says what went wrong. htmx draws refusals into it; this adds what never reached the
// server, and takes a notice away when it is dismissed or the next thing is tried.
const area = () => document.getElementById("notice");

export function showNotice(text) {
  const notice = document.getElementById("notice-template").content.cloneNode(true);
  notice.querySelector("p").textContent = text;
  area().replaceChildren(notice);
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-dismiss]");
  button?.closest(button.dataset.dismiss)?.remove();
});

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx.request.method === "POST") area().replaceChildren();
});

document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
  if (ctx?.sourceEvent?.type) showNotice("Couldn't reach the server. Try again.");
});
