// The open conversation. Its room is joined when htmx draws it, and left when another is opened. "parley:open" is
// dispatched when it is drawn, "parley:joined" when its events begin to arrive.
import { redraw } from "./redraw.js";
import { connection, request, socket } from "./socket.js";

const thread = () => document.getElementById("thread");

export const current = () => thread()?.dataset.conversationId ?? "";

// partOf returns the path of a part of the open conversation, with the place in the inbox that its links lead back to.
export const partOf = (name) => `/inbox/${current()}/${name}${document.getElementById("list").dataset.place}`;

let drawn = thread(); // htmx replaces it to open a conversation, and when it restores the page from history
let joined = current();

// join joins the room of the open conversation, again after a reconnect, and returns the acknowledgement. A
// conversation that is gone has no room, which the page itself says.
export async function join() {
  joined = current();
  if (!joined || !socket.connected) return { ok: true };
  const ack = await request("join_conversation", { conversation_id: joined });
  return ack.error === "not_found" ? { ok: true } : ack;
}

async function follow() {
  if (thread() === drawn) return;
  drawn = thread();
  const left = joined;
  const other = current() !== left;
  if (other && left && socket.connected) socket.emit("leave_conversation", { conversation_id: left });
  const joining = other && join();
  document.dispatchEvent(new CustomEvent("parley:open", { detail: { id: current() } }));
  if (!joined) return;
  if (other) document.getElementById("thread-name").focus({ preventScroll: true });
  const ack = await joining;
  if (ack && !ack.ok) connection.report(ack);
  document.dispatchEvent(new CustomEvent("parley:joined"));
}

document.addEventListener("htmx:after:swap", follow);

// close shows no conversation. On a phone that is the list, which needs no request: it is on the page and up to date.
function close() {
  thread().replaceWith(document.getElementById("no-thread-template").content.cloneNode(true));
  follow();
}

document.addEventListener("click", (event) => {
  const back = event.target.closest("#thread .back");
  if (!back || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const byKey = !event.detail; // else nobody reads the rows, which then may change their order
  const next = (byKey && document.getElementById(`open-${current()}`)) || document.getElementById("list");
  if (!history.state?.htmx) history.replaceState({ htmx: true }, ""); // else htmx would not restore it
  history.pushState({ htmx: true }, "", back.href);
  close();
  next.focus();
});

// The browser's way back to the list on the page.
document.addEventListener("htmx:before:history:restore", (event) => {
  const { part, place } = document.getElementById("list").dataset;
  const places = [`/inbox${place}`, ...(place === "?filter=unassigned" ? ["/inbox"] : [])];
  if (part !== `/inbox/list${place}` || !places.includes(event.detail.path)) return;
  event.preventDefault();
  if (current()) close();
});

// refresher returns a function that asks the server to redraw a part. Requests do not overlap: calls during one lead to
// one more.
function refresher(id, name) {
  let running = false;
  let again = false;
  return async function refresh() {
    const part = document.getElementById(id);
    if (!part) return;
    if (running) {
      again = true;
      return;
    }
    running = true;
    await redraw(part, partOf(name), "outerMorph");
    running = false;
    if (!again) return;
    again = false;
    refresh();
  };
}

export const refreshHeader = refresher("thread-header", "header");
export const refreshPanel = refresher("panel", "panel");

// Drops an answer that arrives after another conversation was opened.
document.addEventListener("htmx:before:swap", (event) => {
  const { sourceElement, request: asked } = event.detail.ctx;
  if (!["thread-header", "panel"].includes(sourceElement?.id)) return;
  if (!asked.action.startsWith(`/inbox/${current()}/`)) event.preventDefault();
});

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  const accepted = ctx.request?.method === "POST" && ctx.response.status < 400;
  if (accepted && /[/](claim|reopen)[?]/.test(ctx.request.action)) document.getElementById("content")?.focus();
});

// After a refusal the header may be out of date.
document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  if (ctx.request.method === "POST") refreshHeader();
});
