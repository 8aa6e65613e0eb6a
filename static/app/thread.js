// Which conversation is open. Its room is joined as htmx draws it, and left with it. "parley:open" tells the others that
// it was drawn, "parley:joined" that its events come in from now on.
import { request, socket } from "./socket.js";

const thread = () => document.getElementById("thread");

export const current = () => thread()?.dataset.conversationId ?? "";

let drawn = thread(); // htmx replaces it to open a conversation, and when it restores the page from history
let joined = current();

// Joins the open conversation's room, anew after a reconnect.
export async function join() {
  joined = current();
  if (joined && socket.connected) await request("join_conversation", { conversation_id: joined });
}

async function follow() {
  if (thread() === drawn) return;
  drawn = thread();
  const left = joined;
  const other = current() !== left;
  if (other && left && socket.connected) socket.emit("leave_conversation", { conversation_id: left });
  const joining = other && join();
  document.dispatchEvent(new CustomEvent("parley:open", { detail: { id: joined } }));
  if (!joined) return;
  if (other) document.getElementById("thread-name").focus({ preventScroll: true });
  await joining;
  document.dispatchEvent(new CustomEvent("parley:joined"));
}

document.addEventListener("htmx:after:swap", follow);

// The header is drawn anew by the server whenever something about the conversation may have changed.
let refreshing = false;
let again = false;

export async function refreshHeader() {
  const header = document.getElementById("thread-header");
  if (!header) return;
  if (refreshing) {
    again = true;
    return;
  }
  refreshing = true;
  const path = `/inbox/${current()}/header?filter=${document.getElementById("list").dataset.filter}`;
  await htmx.ajax("GET", path, { source: header, target: header, swap: "outerMorph" }).catch(() => {});
  refreshing = false;
  if (again) {
    again = false;
    refreshHeader();
  }
}

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  const accepted = ctx.request?.method === "POST" && ctx.response.status < 400;
  if (accepted && ctx.request.action.includes("/claim")) document.getElementById("content")?.focus();
});

// Refused, so what the header shows is out of date.
document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  if (ctx.request.method === "POST") refreshHeader();
});
