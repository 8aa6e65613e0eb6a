// Shows the answers that wait to be sent at the end of the open conversation.
import { fetchNewer } from "./messages.js";
import { stayAtEnd } from "./scroll.js";
import { confirm, stateOf, unsentOf } from "./send.js";
import { current } from "./thread.js";

const list = () => document.getElementById("messages");
const find = (kind, id) => list().querySelector(`${kind}[data-client-id="${CSS.escape(id)}"]`);

function newNode({ client_id, content }) {
  const node = document.getElementById("sending-template").content.cloneNode(true).firstElementChild;
  node.dataset.clientId = client_id;
  node.querySelector(".message-text").textContent = content;
  return node;
}

function nodesToShow() {
  if (document.getElementById("later")) return []; // the page ends before the newest message
  const waiting = unsentOf(current());
  const stored = waiting.filter(({ client_id }) => find("[data-seq]", client_id));
  for (const { client_id } of stored) confirm(client_id);
  const rest = waiting.filter((message) => !stored.includes(message));
  const state = rest.length ? stateOf(rest[0]) : ""; // the others wait for the first one
  return rest.map((message) => {
    const node = find(".message-sending", message.client_id) ?? newNode(message);
    const line = node.querySelector(".message-time");
    if (line.textContent !== state) line.textContent = state;
    return node;
  });
}

// remove removes an answer that no longer waits: once the server has drawn it, or at once if it did not store it.
async function remove(node) {
  if (find("[data-seq]", node.dataset.clientId)) return node.remove();
  if (node.dataset.leaves) return;
  node.dataset.leaves = "yes";
  await fetchNewer();
  node.remove();
}

function show() {
  if (!list()) return;
  const nodes = nodesToShow();
  for (const node of list().querySelectorAll(".message-sending")) if (!nodes.includes(node)) remove(node);
  const end = [...list().children].slice(-nodes.length || undefined);
  if (nodes.every((node, i) => node === end[i])) return; // moving a node would lose a selection in it
  list().append(...nodes);
  stayAtEnd();
}

for (const event of ["parley:unsent", "parley:open", "htmx:after:swap"]) document.addEventListener(event, show);
show();
