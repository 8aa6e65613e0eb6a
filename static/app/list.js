// The list of conversations, redrawn by the server on every event of the queue. A morph keeps focus and scroll
// position.
import { holdOrder } from "./list_order.js";
import { redraw } from "./redraw.js";
import { current } from "./thread.js";

const GATHER = 150; // ms to wait for more events before one request

const list = () => document.getElementById("list");

let timer;
let due = Infinity; // time of the next request, ms
let running; // the request
let next; // the one after it
let asked = ""; // path of the list that is being fetched
let fresh = false; // the reader asked for the current order

// refreshList requests the list within wait ms. Calls until then share the request.
export function refreshList(wait = GATHER) {
  const at = performance.now() + wait;
  if (at >= due) return;
  due = at;
  clearTimeout(timer);
  timer = setTimeout(refresh, wait);
}

// refresh requests the list at once, and returns a result like an acknowledgement. Calls during a request share the next
// one.
export async function refresh() {
  clearTimeout(timer);
  due = Infinity;
  if (running) {
    next ||= running.then(() => {
      next = undefined;
      return refresh();
    });
    return next;
  }
  asked = list().dataset.part;
  running = redraw(list(), `${asked}&selected=${current()}`, "outerMorph");
  const result = await running;
  running = undefined;
  return result;
}

document.addEventListener("htmx:before:swap", (event) => {
  const { ctx, tasks } = event.detail;
  if (ctx.sourceElement !== list()) return;
  if (list().dataset.part !== asked) return event.preventDefault(); // another filter was chosen since
  if (!fresh) holdOrder(tasks[0].fragment);
  fresh = false;
});

// The link of a filter names the conversation that was open when the link was drawn; this sends the one open now.
document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  if (!ctx.sourceElement.closest("#list") || !ctx.request.action.startsWith("/inbox/list")) return;
  if (ctx.sourceElement.id === "search-form")
    ctx.replace = `${location.pathname}?${new URLSearchParams(ctx.request.body)}`;
  ctx.request.body.set("selected", current());
});

// Starts a search that was typed before the scripts loaded. In a timeout, because htmx loads earlier and initializes
// the page in a timeout.
setTimeout(() => {
  const search = document.getElementById("search");
  if (search.value !== search.defaultValue) search.dispatchEvent(new Event("input", { bubbles: true }));
});

function select(id) {
  for (const row of document.querySelectorAll(".row")) {
    if (row.dataset.conversationId === id) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

// Marks the row when it is pressed, before the answer arrives.
document.addEventListener("click", ({ target }) => {
  const row = target.closest(".row");
  if (row) select(row.dataset.conversationId);
  if (!target.closest("#list-changed")) return;
  fresh = true;
  document.getElementById("rows").scrollTop = 0;
  refresh();
});

// Marks the open conversation again if the pressed one could not be opened: what is written goes to the open one.
document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement.closest(".row")?.hasAttribute("aria-current")) select(current());
});

// release shows the order that was held back, once no one is reading the rows.
function release({ target }) {
  if (target.id === "rows" && !document.getElementById("list-changed").hidden) refreshList();
}

for (const event of ["pointerleave", "scrollend"]) document.addEventListener(event, release, true);
document.addEventListener("focusout", ({ target }) => {
  if (target.closest?.("#rows")) release({ target: document.getElementById("rows") });
});

document.addEventListener("parley:open", ({ detail }) => {
  select(detail.id);
  refreshList();
});
