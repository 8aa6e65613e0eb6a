// The connection comes and goes. A short loss is nobody's business; a longer one is said, and nothing is lost
// meanwhile.
import { healUpTo } from "./history.js";
import { part, root } from "./page.js";
import { on, tell } from "./signal.js";
import { request, socket } from "./socket.js";
import { t } from "./text.js";

const GRACE = 3_000; // ms a connection may be away before it is said
const RETURN = 1_000; // ms until the client comes back after the server's own goodbye

const state = part("state");
let timer;

function say(key) {
  clearTimeout(timer);
  const text = key ? t(key) : "";
  if (state.textContent !== text) state.textContent = text;
}

function sayLater() {
  clearTimeout(timer);
  timer = setTimeout(() => say(navigator.onLine ? "no_connection" : "offline"), state.textContent ? 0 : GRACE);
}

async function join() {
  const ack = await request("join_conversation");
  if (ack.error === "lost") return socket.disconnect().connect();
  if (!ack.ok) {
    part("content").disabled = true;
    root.classList.add("refused");
    return say("refused");
  }
  say("");
  tell("join", ack);
  await healUpTo(ack.last_seq ?? Infinity);
  if (socket.connected) tell("joined");
}

// Whoever neither has the chat open nor ever wrote anything needs no socket.
export function connect() {
  if (!socket.active) socket.connect();
}

socket.on("connect", join);
socket.on("connect_error", sayLater);
socket.on("disconnect", (reason) => {
  tell("lost");
  sayLater();
  // Only after the server's own goodbye does the client not come back by itself.
  if (reason === "io server disconnect") setTimeout(() => socket.connect(), RETURN);
});

on("panel", (open) => open && connect());
on("sent", connect);
