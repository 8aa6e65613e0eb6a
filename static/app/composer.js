// The field an agent writes in: Enter sends, a text that could not be sent returns, and every conversation keeps its
// draft.
import { draftOf, keepDraft } from "./drafts.js";
import { blank } from "./length.js";
import { checkLimit } from "./limit.js";
import { fetchNewer, goToEnd } from "./messages.js";
import { toEnd } from "./scroll.js";
import { send } from "./send.js";
import { settings } from "./settings.js";
import { current } from "./thread.js";
import { stoppedTyping } from "./typing.js";

const field = () => document.getElementById("content");

function showError(text) {
  const line = document.getElementById("composer-error");
  if (!line) return;
  line.textContent = text;
  line.hidden = !text;
}

function write(text) {
  field().value = text;
  changed();
}

const sendable = () => !blank(field().value) && !field().validity.customError;

function changed() {
  checkLimit(field());
  document.getElementById("send").disabled = !sendable();
  grow();
}

// showSending shows the message in the thread until the server has drawn it.
function showSending(text) {
  const item = document.getElementById("sending-template").content.cloneNode(true).firstElementChild;
  item.querySelector(".message-text").textContent = text;
  document.getElementById("messages").append(item);
  toEnd();
  return item;
}

async function submit(id) {
  if (!sendable()) return;
  const content = field().value.trim();
  write("");
  keepDraft(id, "");
  showError("");
  stoppedTyping();
  await goToEnd();
  const sending = current() === id ? showSending(content) : undefined; // else another conversation was opened
  const ack = await send({ conversation_id: id, content, content_type: "text" });
  if (ack.ok) {
    if (current() === id) await fetchNewer();
    return;
  }
  sending?.remove();
  const typedSince = draftOf(id);
  keepDraft(id, typedSince ? `${content}\n${typedSince}` : content);
  if (current() !== id) return;
  write(draftOf(id));
  showError(ack.message);
}

document.addEventListener("submit", (event) => {
  if (event.target.id !== "composer") return;
  event.preventDefault();
  submit(event.target.dataset.conversationId);
});

document.addEventListener("keydown", (event) => {
  if (event.target.id !== "content" || event.key !== "Enter" || event.isComposing) return;
  if (!event.ctrlKey && !event.metaKey && event.shiftKey === settings.enter_sends) return;
  event.preventDefault();
  if (sendable()) event.target.form.requestSubmit();
});

document.addEventListener("input", ({ target }) => {
  if (target.id !== "content") return;
  keepDraft(current(), target.value);
  changed();
});

function explain() {
  const line = document.getElementById("composer-help");
  if (line)
    line.textContent = settings.enter_sends
      ? "Enter sends. Shift+Enter starts a new line."
      : "Shift+Enter sends. Enter starts a new line.";
}

function prepare() {
  if (!field()) return;
  const draft = draftOf(current());
  if (draft && !field().value) field().value = draft;
  explain();
  changed();
}

document.addEventListener("parley:settings", explain);
document.addEventListener("parley:open", prepare);
prepare();

// grow is for browsers without field-sizing, which composer.css uses.
function grow() {
  if (CSS.supports("field-sizing", "content")) return;
  const input = field();
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight + input.offsetHeight - input.clientHeight}px`;
}
