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
import "./composer.js";
import "./unsent.js";
import "./rich_media.js";
import "./panel.js";
import "./pictures.js";
import "./notice.js";
import "./choice.js";
import { isFinal } from "./connection.js";
import { fetchNewer, fetchUpTo, receive, removeLine } from "./messages.js";
import { refresh, refreshList } from "./list.js";
import { joinPresence } from "./presence.js";
import { refreshMarks } from "./read.js";
import { connection, request, socket } from "./socket.js";
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

socket.on("last_seq", ({ conversation_id, last_seq }) => {
  if (conversation_id === current()) fetchUpTo(last_seq);
});

const SPREAD = 3_000; // ms over which all pages spread what an event makes them fetch

const again = {
  presence: joinPresence,
  queue() {
    refreshList();
    if (!document.hidden) refreshThread();
  },
};

// Events of a room may have been missed.
socket.on("look_again", ({ room }) => setTimeout(again[room], Math.random() * SPREAD));

// refreshThread fetches what is shown of the open conversation besides its messages.
function refreshThread() {
  refreshHeader();
  refreshPanel();
  refreshMarks();
}

// What happened without a connection is in the database: join the rooms again, then fetch every part. Only the list and
// the messages count for being up to date: an error in the rest must not keep the agent from answering.
connection.connect(async () => {
  for (const joined of [await request("join_queue"), await join()]) if (!joined.ok) return joined;
  joinPresence();
  announce();
  refreshThread();
  const results = await Promise.all([refresh(), fetchNewer()]);
  return results.find(({ ok, error }) => !ok && !isFinal(error)) ?? { ok: true };
});

// Undo asks for a refresh, because without a socket no event arrives.
document.addEventListener("parley:refresh", () => {
  refreshList();
  refreshHeader();
  fetchNewer();
});
