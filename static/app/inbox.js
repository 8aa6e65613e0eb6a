// The inbox: each socket event asks the server to redraw parts of the page. Each behavior has its own module.
import "./csrf.js";
import "./dialog.js";
import "./notify.js";
import "./palette.js";
import "./settings.js";
import "./shortcuts.js";
import "./tag_input.js";
import "./time.js";
import "./title.js";
import "./toast.js";
import "./popover.js";
import "./offline.js";
import "./presence.js";
import "./read.js";
import "./composer.js";
import "./rich_media.js";
import "./panel.js";
import "./pictures.js";
import { fetchNewer, receive, removeLine } from "./messages.js";
import { refreshList } from "./list.js";
import { showNotice } from "./notice.js";
import { request, socket } from "./socket.js";
import { current, join, refreshHeader, refreshPanel } from "./thread.js";
import { announce } from "./viewers.js";

socket.on("message_received", (message) => {
  if (message.conversation_id === current()) receive(message);
});

const READ_SOON = 700; // ms until a message in view counts as read, which changes the list again

socket.on("conversation_updated", ({ conversation_id }) => {
  if (conversation_id !== current()) return refreshList();
  refreshList(READ_SOON);
  const header = document.getElementById("thread-header");
  if (header.dataset.status !== "open") refreshHeader(); // an end user's message reopens it
});

const changes = {
  conversation_assigned: () => {},
  conversation_released: () => removeLine("claimed"),
  conversation_resolved: refreshPanel,
  conversation_reopened() {
    removeLine("resolved");
    refreshPanel();
  },
  conversation_tagged: () => {},
};

for (const [event, also] of Object.entries(changes)) {
  socket.on(event, ({ conversation_id }) => {
    refreshList();
    if (conversation_id !== current()) return;
    also();
    refreshHeader();
    fetchNewer();
  });
}

// The server takes agents' sockets from pages of its own address only.
function reasonOfRefusal() {
  const { content: own } = document.querySelector("meta[name=origin]");
  if (own === location.origin) return "You're logged out. Reload the page to log in.";
  return `Live updates work only at ${own}. Open Parley there, or set BASE_URL on the server to this address.`;
}

// Events that happened without a connection are in the database: join the rooms again, then redraw every part.
socket.on("connect", async () => {
  const ack = await request("join_queue");
  if (!ack.ok && ack.error !== "lost") return showNotice(reasonOfRefusal());
  await join();
  announce();
  refreshList();
  refreshHeader();
  refreshPanel();
  fetchNewer();
});

// Undo asks for a refresh, because without a socket no event arrives.
document.addEventListener("parley:refresh", () => {
  refreshList();
  refreshHeader();
  fetchNewer();
});

socket.connect();
