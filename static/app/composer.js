// The field an agent writes in: Enter sends, a text that was refused returns, and every conversation keeps its draft.
import { draftOf, keepDraft } from "./drafts.js";
import { blank } from "./length.js";
import { checkLimit } from "./limit.js";
import { goToEnd } from "./messages.js";
import { openConversation } from "./open.js";
import { anyUnsent, refuseOld, send } from "./send.js";
import { settings } from "./settings.js";
import { current } from "./thread.js";
import { showToast } from "./toast.js";
import { stoppedTyping } from "./typing.js";

const field = () => document.getElementById("content");

let full = false; // too many answers wait

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

function submit(id) {
  if (!sendable()) return;
  full = !send(id, field().value.trim());
  if (full) return showError("Too many answers wait to be sent. Send this one later.");
  write("");
  keepDraft(id, "");
  showError("");
  stoppedTyping();
  goToEnd();
}

document.addEventListener("htmx:after:swap", () => {
  if (!full || anyUnsent()) return;
  full = false;
  showError("");
});

// A refused text returns before what was typed since.
document.addEventListener("parley:refused", ({ detail: { id, content, message } }) => {
  const typedSince = draftOf(id);
  keepDraft(id, typedSince ? `${content}\n${typedSince}` : content);
  if (current() === id) {
    write(draftOf(id));
    return showError(message);
  }
  const action = { label: "Show", run: () => openConversation(id) };
  showToast("An answer couldn't be sent. Its text is in the composer.", { action, stays: true });
});

refuseOld();

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
