// The strip above the page that shows errors. htmx draws refusals into it. This module adds failures that never reached
// the server, and removes a notice when it is dismissed or the next form is sent.
const area = () => document.getElementById("notice");

export const UNREACHABLE = "Couldn't reach the server.";

export function showNotice(text) {
  const notice = document.getElementById("notice-template").content.cloneNode(true).firstElementChild;
  notice.querySelector("p").textContent = text;
  area().replaceChildren(notice);
  return notice;
}

// showUnreachable shows a notice that is no longer true once the server answers. dropUnreachable removes it then. waits
// is for one that asks for nothing.
export function showUnreachable(text, waits = false) {
  const notice = showNotice(text);
  notice.dataset.unreachable = "";
  if (!waits) return;
  notice.classList.remove("notice-critical");
  notice.querySelector(":scope > .icon").remove();
}

export function dropUnreachable() {
  area().querySelector("[data-unreachable]")?.remove();
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-dismiss]");
  button?.closest(button.dataset.dismiss)?.remove();
});

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx.request.method === "POST") area().replaceChildren();
});

// The answer to a refused request is a notice. Its target is set here and not by hx-status, because the element that
// sent the request may be gone: an event can redraw the header before its form's answer arrives.
document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  Object.assign(ctx, { target: area(), swap: "innerHTML", select: ".notice", push: null, replace: null });
});

document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
  if (ctx?.sourceEvent?.type) showUnreachable(`${UNREACHABLE} Try again.`);
});
