// The field an agent writes in: Enter sends, what could not be sent comes back, and every conversation keeps its draft.
import { fetchNewer } from "./messages.js";
import { send } from "./send.js";
import { current } from "./thread.js";
import { stoppedTyping } from "./typing.js";

const drafts = new Map(); // conversation id → text

const field = () => document.getElementById("content");

export function showError(text) {
  const line = document.getElementById("composer-error");
  if (!line) return;
  line.textContent = text;
  line.hidden = !text;
}

function write(text) {
  field().value = text;
  grow();
}

async function submit(conversationID) {
  const content = field().value.trim();
  if (!content) return;
  write("");
  drafts.delete(conversationID);
  showError("");
  stoppedTyping();
  const ack = await send({ conversation_id: conversationID, content, content_type: "text" });
  if (ack.ok) return fetchNewer();
  const typedSince = drafts.get(conversationID);
  drafts.set(conversationID, typedSince ? `${content}\n${typedSince}` : content);
  if (current() !== conversationID) return;
  write(drafts.get(conversationID));
  showError(ack.message);
}

document.addEventListener("submit", (event) => {
  if (event.target.id !== "composer") return;
  event.preventDefault();
  submit(event.target.dataset.conversationId);
});

document.addEventListener("keydown", (event) => {
  if (event.target.id !== "content" || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (event.target.value.trim()) event.target.form.requestSubmit();
});

document.addEventListener("input", ({ target }) => {
  if (target.id !== "content") return;
  drafts.set(current(), target.value);
  grow();
});

document.addEventListener("parley:open", ({ detail }) => {
  if (field() && drafts.has(detail.id)) write(drafts.get(detail.id));
});

// Only where CSS cannot (field-sizing in app.css).
function grow() {
  if (CSS.supports("field-sizing", "content")) return;
  const input = field();
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight + input.offsetHeight - input.clientHeight}px`;
}
