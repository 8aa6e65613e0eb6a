// Connects, joins the conversation, and shows the state of the connection. A short loss is not shown. Unsent messages
// wait, and missed ones are fetched.
import { el } from "./element.js";
import { healUpTo } from "./history.js";
import { customerName, embedToken, part, root } from "./page.js";
import { on, publish } from "./signal.js";
import { connection, listen, request, socket } from "./socket.js";
import { t } from "./text.js";

const GRACE = 3_000; // ms without a connection before it is shown
const SHORT = 300; // ms of an attempt that is not worth showing
const SPREAD = 3_000; // ms over which all pages spread what an event makes them fetch

const line = part("state");
const countdown = el("span");
countdown.setAttribute("aria-hidden", "true"); // read out, it would never end

let lostAt = 0;
let timer;

const reasons = { offline: "offline", unreachable: "no_connection" };

function say(key, ...more) {
  const text = key ? t(key) : "";
  if (line.dataset.text === text) return;
  line.dataset.text = text;
  line.replaceChildren(...(text ? [text, ...more] : []));
}

function show() {
  clearTimeout(timer);
  const { name, why, at } = connection.state;
  if (name !== "retrying") return say(name === "refused" && "refused");
  const grace = lostAt + GRACE - Date.now();
  if (grace > 0) {
    timer = setTimeout(show, grace);
    return;
  }
  say(reasons[why] || "unavailable", " ", countdown);
  const wait = at - Date.now();
  if (at) countdown.textContent = t("next_try", { n: Math.max(1, Math.ceil(wait / 1000)) });
  timer = at
    ? setTimeout(show, Math.max(wait % 1000, 50))
    : setTimeout(() => (countdown.textContent = t("trying")), SHORT);
}

let joined = false;

connection.watch(({ name }) => {
  if (name !== "connecting") lostAt = name === "retrying" ? lostAt || Date.now() : 0;
  part("content").disabled = name === "refused";
  root.classList.toggle("refused", name === "refused");
  show();
  if (joined && name !== "online") publish("lost");
  joined = name === "online";
  if (joined) publish("joined");
});

async function join() {
  const ack = await request("join_conversation", { embed_token: embedToken, customer_name: customerName });
  if (!ack.ok) return ack;
  publish("join", ack);
  return healUpTo(ack.last_seq ?? Infinity);
}

// connect opens the socket, which is not needed until the chat is open or has messages.
export const connect = () => connection.connect(join);

async function catchUp(seq) {
  const ack = await healUpTo(seq);
  if (!ack.ok) connection.report(ack);
}

on("behind", catchUp);
listen("last_seq", ({ last_seq }) => catchUp(last_seq));

let looking = false;

// look_again says that changes of the team or of who answers may have been missed.
socket.on("look_again", () => {
  if (looking) return;
  looking = true;
  setTimeout(async () => {
    looking = false;
    if (!joined) return; // the next attempt joins anyway
    const ack = await join();
    if (ack.ok) publish("joined");
    else connection.report(ack);
  }, Math.random() * SPREAD);
});

on("panel", (open) => open && connect());
on("sent", connect);
