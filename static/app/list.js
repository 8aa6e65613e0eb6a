// The list of conversations, drawn anew by the server on every event of the queue. A morph keeps focus and scroll.
import { current } from "./thread.js";

const GATHER = 150; // ms to wait for more events before one request

const list = () => document.getElementById("list");

let timer;
let running = false;
let again = false;
let asked = ""; // the part that is being fetched

export function refreshList() {
  clearTimeout(timer);
  timer = setTimeout(refresh, GATHER);
}

async function refresh() {
  if (running) {
    again = true;
    return;
  }
  running = true;
  const source = list();
  asked = source.dataset.part;
  const path = `${asked}&selected=${current()}`;
  await htmx.ajax("GET", path, { source, target: source, swap: "outerMorph" }).catch(() => {});
  running = false;
  if (again) {
    again = false;
    refreshList();
  }
}

// The reader changed the filter in the meantime: the answer is no longer wanted.
document.addEventListener("htmx:before:swap", (event) => {
  if (event.detail.ctx.sourceElement === list() && list().dataset.part !== asked) event.preventDefault();
});

// A filter's link knows only what was open when it was drawn.
document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement.closest("#list") && ctx.request.action.startsWith("/inbox/list")) {
    ctx.request.body.set("selected", current());
  }
});

function select(id) {
  for (const row of document.querySelectorAll(".row")) {
    if (row.dataset.conversationId === id) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

// The mark moves with the press, not with the answer.
document.addEventListener("click", ({ target }) => {
  const row = target.closest(".row");
  if (row) select(row.dataset.conversationId);
});

document.addEventListener("parley:open", ({ detail }) => {
  select(detail.id);
  refreshList();
});
