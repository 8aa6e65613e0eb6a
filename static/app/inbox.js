// The inbox: which event of the socket asks the server to draw which part anew. Each behaviour has its own module.
import "./csrf.js";
import "./time.js";
import "./popover.js";
import "./offline.js";
import "./presence.js";
import "./read.js";
import "./rich_media.js";
import { fetchNewer } from "./messages.js";
import { refreshList } from "./list.js";
import { showNotice } from "./notice.js";
import { request, socket } from "./socket.js";
import { current, join, refreshHeader } from "./thread.js";

socket.on("message_received", ({ conversation_id }) => {
  if (conversation_id === current()) fetchNewer();
});

for (const event of ["conversation_updated", "conversation_assigned", "conversation_resolved"]) {
  socket.on(event, ({ conversation_id }) => {
    refreshList();
    if (conversation_id === current()) refreshHeader();
  });
}

// Whatever happened while there was no connection is in the database: join the rooms again, then draw every part anew.
socket.on("connect", async () => {
  const ack = await request("join_queue");
  if (!ack.ok && ack.error !== "lost") return showNotice("You are no longer logged in. Load the page again to log in.");
  await join();
  refreshList();
  refreshHeader();
  fetchNewer();
});

socket.connect();
