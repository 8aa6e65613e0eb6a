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

// The answer to a refused request is a notice part. Said here and not by hx-status, because what asked may be gone from
// the page by now: an event can redraw the header before its form's own answer comes.
document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  Object.assign(ctx, { target: area(), swap: "innerHTML", select: ".notice" });
});

document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
  if (ctx?.sourceEvent?.type) showNotice("Couldn't reach the server. Try again.");
});
