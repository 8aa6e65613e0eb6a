// Shows who is online: the agent who has claimed the conversation, else all agents, else that no one is.
import { avatarOf } from "./avatar.js";
import { learn } from "./names.js";
import { keepPlace } from "./scroll.js";
import { line } from "./order.js";
import { part } from "./page.js";
import { on } from "./signal.js";
import { listen, socket } from "./socket.js";
import { listOf, plain, t } from "./text.js";

const NAMED = 2; // agents shown by name; more are counted
const SHOWN = 3; // agents shown by avatar

const presence = part("presence");
const avatars = part("team");
let team = null; // { agents, online }; null: not known
let assigned = null; // { id, name }

const first = ({ name }) => plain(name).trim().split(/\s+/)[0];

function sentence(answering, present) {
  if (answering && present) return t("talking_to", { name: answering.name });
  if (answering) return t("agent_away", { name: first(answering) });
  if (!team.online) return t("away");
  const more = team.online - NAMED;
  const names = team.agents.slice(0, NAMED).map(first);
  return t("online", { n: team.online, name: listOf(more > 0 ? [...names, t("others", { n: more })] : names) });
}

function show() {
  if (!team) return;
  const answering = assigned?.name ? assigned : null;
  const present = answering ? team.agents.some(({ id }) => id === answering.id) : team.online > 0;
  presence.textContent = sentence(answering, present);
  presence.classList.toggle("is-online", present);
  presence.hidden = false;
  avatars.replaceChildren(
    ...(answering ? [answering] : team.agents.slice(0, SHOWN)).map(({ id }) =>
      avatarOf({ sender_type: "agent", sender_id: id }),
    ),
  );
}

function know(next) {
  if (!next) return;
  team = next;
  team.agents.forEach(learn);
  show();
}

function assign(agent) {
  assigned = agent;
  if (agent) learn(agent);
  show();
}

on("join", (ack) => {
  assigned = ack.assigned_to || null;
  if (assigned) learn(assigned);
  know(ack.team);
});

socket.on("team_changed", know);
listen("agent_joined", ({ agent }) => {
  if (agent.id !== assigned?.id) keepPlace(() => line(t("joined", { name: agent.name })));
  assign(agent);
});
listen("agent_left", () => assign(null));
listen("conversation_resolved", () => {
  assign(null);
  keepPlace(() => line(t("closed")));
});
listen("conversation_reopened", () => keepPlace(() => line(t("reopened"))));
