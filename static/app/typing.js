// Shows who is typing, and reports that this agent is.
import { nameOf } from "./names.js";
import { connection, socket } from "./socket.js";
import { current } from "./thread.js";
import { stayAtEnd } from "./scroll.js";

const EVERY = 3_000; // ms between two user_typing; the server forgets after 5 s
const SHOWN = 6_000; // ms an indicator stays without another event, in case typing_cleared is lost

let lastSent = 0;
let timer;

function hide() {
  clearTimeout(timer);
  const line = document.getElementById("typing");
  if (line && !line.hidden) line.hidden = true;
}

export function stoppedTyping() {
  lastSent = 0;
}

document.addEventListener("input", ({ target }) => {
  if (target.id !== "content" || !target.value || Date.now() - lastSent < EVERY) return;
  lastSent = Date.now();
  socket.volatile.emit("user_typing", { conversation_id: current(), sender_type: "agent" });
});

socket.on("typing_indicator", (event) => {
  const line = document.getElementById("typing");
  if (!line || event.conversation_id !== current()) return;
  const fresh = line.hidden;
  line.dataset.sender = event.sender_type;
  if (event.sender_type === "agent")
    line.querySelector("[data-typing=agent]").textContent = `${nameOf(event.sender_id ?? "")} is typing…`;
  line.hidden = false;
  if (fresh) stayAtEnd();
  clearTimeout(timer);
  timer = setTimeout(hide, SHOWN);
});

socket.on("typing_cleared", (event) => {
  if (event.conversation_id === current()) hide();
});
socket.on("message_received", (event) => {
  if (event.conversation_id === current() && event.sender_type !== "agent") hide();
});
document.addEventListener("parley:open", hide);
connection.watch(({ name }) => name !== "online" && hide());
