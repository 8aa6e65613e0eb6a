// Marks every mention of an agent who is online.
import { request, socket } from "./socket.js";

let online = new Set();

function show() {
  for (const node of document.querySelectorAll("[data-agent-id]"))
    node.toggleAttribute("data-online", online.has(node.dataset.agentId));
}

socket.on("connect", async () => {
  const ack = await request("join_org_presence");
  if (!ack.ok) return;
  online = new Set(ack.agents);
  show();
});

socket.on("agent_status_changed", ({ agent_id, status }) => {
  if (status === "online") online.add(agent_id);
  else online.delete(agent_id);
  show();
});

document.addEventListener("htmx:after:swap", show);
