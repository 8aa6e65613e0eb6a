// Shows the state of the connection. A short loss is not shown. Unsent messages wait, and missed ones are fetched.
import { healUpTo } from "./history.js";
import { customerName, embedToken, part, root } from "./page.js";
import { on, publish } from "./signal.js";
import { request, socket } from "./socket.js";
import { t } from "./text.js";

const GRACE = 3_000; // ms without a connection before it is shown
const RETURN = 1_000; // ms until reconnecting after a disconnect by the server

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
  const ack = await request("join_conversation", { embed_token: embedToken, customer_name: customerName });
  if (ack.error === "lost") return socket.disconnect().connect();
  if (!ack.ok) {
    part("content").disabled = true;
    root.classList.add("refused");
    return say("refused");
  }
  say("");
  publish("join", ack);
  await healUpTo(ack.last_seq ?? Infinity);
  if (socket.connected) publish("joined");
}

// connect opens the socket, which is not needed until the chat is open or has messages.
export function connect() {
  if (!socket.active) socket.connect();
}

socket.on("connect", join);
socket.on("connect_error", sayLater);
socket.on("disconnect", (reason) => {
  publish("lost");
  sayLater();
  // After a disconnect by the server the client does not reconnect by itself.
  if (reason === "io server disconnect") setTimeout(() => socket.connect(), RETURN);
});

on("panel", (open) => open && connect());
on("sent", connect);
