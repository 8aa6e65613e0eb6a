// Every htmx request proves that it comes from our page.
export const csrfToken = () => document.querySelector('meta[name="csrf-token"]').content;

document.addEventListener("htmx:config:request", ({ detail }) => {
  detail.ctx.request.headers["X-CSRFToken"] = csrfToken();
});
