// Marks every mention of an agent who is online.
import { connection, socket } from "./socket.js";

let online = new Set();

function show() {
  for (const node of document.querySelectorAll("[data-agent-id]"))
    node.toggleAttribute("data-online", online.has(node.dataset.agentId));
}

let joining;

// joinPresence joins the room, and fetches who is online. Without Redis that takes a while, in which the inbox works.
export function joinPresence() {
  joining ||= join().finally(() => (joining = undefined));
}

async function join() {
  const ack = await connection.insist("join_org_presence");
  if (!ack.ok) return;
  online = new Set(ack.agents);
  show();
}

socket.on("agent_status_changed", ({ agent_id, status }) => {
  if (status === "online") online.add(agent_id);
  else online.delete(agent_id);
  show();
});

document.addEventListener("htmx:after:swap", show);
