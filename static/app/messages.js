// The messages of the open conversation. An event is only a signal: the server draws all messages after the last one on
// the page, so the same request fills a gap after a reconnect. The page shows a window of the conversation: #older and
// #later load the messages beyond its ends.
import { separateDays } from "./days.js";
import { atEnd, followEnd, hasUnseen, holdPlace, toEnd, toGo } from "./scroll.js";
import { redraw } from "./redraw.js";
import { current, partOf } from "./thread.js";

const MOST = 300; // messages on the page before one end is removed
const KEPT = 200; // messages that stay then
const NEAR = 200; // px from an end of the page at which more messages are requested

const list = () => document.getElementById("messages");
const messages = () => list()?.querySelectorAll(":scope > [data-seq]") ?? [];
const last = () => [...messages()].at(-1);

const nothing = { ok: true };

let running;
let again = false;

// fetchNewer requests newer messages, and returns a result like an acknowledgement. Calls during a request lead to one
// more, not to one each.
export function fetchNewer() {
  again = true;
  running ||= fetchAll().finally(() => (running = undefined));
  return running;
}

async function fetchAll() {
  let result = nothing;
  while (again && current()) {
    again = false;
    result = await fetchOnce();
  }
  return result;
}

async function fetchOnce() {
  if (!list()) return nothing;
  if (document.getElementById("later")) return atEnd() ? fetchNewest() : nothing; // goToEnd loads the newest
  if (!atEnd() && messages().length > MOST) {
    link("later", last());
    followEnd(1);
    return nothing;
  }
  const result = await redraw(list(), `${partOf("messages")}&after_seq=${last()?.dataset.seq ?? 0}`, "beforeend");
  return document.getElementById("later") && atEnd() ? fetchNewest() : result;
}

async function fetchNewest() {
  const result = await redraw(list(), partOf("messages"), "innerHTML");
  toEnd();
  return result;
}

// fetchUpTo requests newer messages if the page ends before seq.
export function fetchUpTo(seq) {
  if (Number(last()?.dataset.seq ?? 0) < seq) fetchNewer();
}

// receive counts a message of another sender as new where it is not fetched.
export function receive({ sender_type, sender_id }) {
  const own = sender_type === "agent" && sender_id === document.getElementById("inbox").dataset.userId;
  if (document.getElementById("later") && !own) followEnd(1);
  fetchNewer();
}

// removeLine removes the newest line of a kind, such as "claimed", after an undo.
export function removeLine(kind) {
  [...(list()?.querySelectorAll(`[data-line=${kind}]`) ?? [])].at(-1)?.remove();
}

const asksFor = (ctx, key) => ctx.request?.method === "GET" && ctx.request.action.includes(`${key}=`);
const isRun = (ctx) =>
  [list(), document.getElementById("older"), document.getElementById("later")].includes(ctx.target);

let before; // the last message on the page when newer ones were requested

document.addEventListener("htmx:before:swap", (event) => {
  const { ctx, tasks } = event.detail;
  if (!isRun(ctx)) return;
  if (!ctx.request.action.startsWith(`/inbox/${current()}`)) return event.preventDefault(); // no longer open
  if (asksFor(ctx, "before_seq")) return addAbove(event, tasks[0].fragment);
  before = asksFor(ctx, "after_seq") ? last() : undefined;
  if (!before) return;
  while (before.nextElementSibling?.matches(".line")) before.nextElementSibling.remove(); // in the answer again
});

// addAbove inserts an older page without moving the text being read.
function addAbove(event, fragment) {
  event.preventDefault();
  holdPlace(() => {
    const older = document.getElementById("older");
    const focused = older.contains(document.activeElement);
    const added = [...fragment.children];
    older.replaceWith(...added);
    for (const node of added) htmx.process(node);
    separateDays();
    if (focused) document.getElementById("log").focus({ preventScroll: true });
  });
  cutEnd();
  document.dispatchEvent(new CustomEvent("parley:messages"));
}

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (!list() || (!isRun(ctx) && ctx.target?.id !== "later")) return;
  separateDays();
  if (!before) return;
  const added = [...messages()].filter(
    (message) => before.compareDocumentPosition(message) & Node.DOCUMENT_POSITION_FOLLOWING,
  );
  before = undefined;
  markAnswers(added);
  if (added.some(({ dataset }) => "own" in dataset)) document.getElementById("divider")?.remove(); // all is read
  const foreign = added.filter(({ dataset }) => !("own" in dataset));
  if (ctx.target?.id === "messages") {
    if (!atEnd() && foreign.length && !hasUnseen()) divide(foreign[0]);
    followEnd(foreign.length);
  }
  if (messages().length > MOST) holdPlace(cutBeginning);
  document.dispatchEvent(new CustomEvent("parley:messages"));
});

document.addEventListener("parley:open", separateDays);
separateDays();

// markAnswers shows the choice on the controls that an added message answers.
function markAnswers(added) {
  for (const { dataset } of added) {
    const asked = dataset.answers && document.getElementById(`m-${dataset.answers}`);
    if (!asked) continue;
    for (const choice of asked.querySelectorAll("[data-value]"))
      choice.setAttribute("aria-pressed", String(choice.dataset.value === dataset.answerValue));
    const select = asked.querySelector("select");
    if (select) select.value = dataset.answerValue;
  }
}

function divide(message) {
  document.getElementById("divider")?.remove();
  message.before(document.getElementById("divider-template").content.cloneNode(true));
}

// cutBeginning removes messages far above the reader, and cutEnd those far below, so that memory stays flat however
// long the conversation is.
function cutBeginning() {
  const first = [...messages()].at(-KEPT);
  while (list().firstElementChild !== first) list().firstElementChild.remove();
  link("older", first);
  separateDays();
}

function cutEnd() {
  const all = [...messages()];
  if (all.length <= MOST) return;
  const end = all[KEPT - 1];
  while (end.nextSibling) end.nextSibling.remove();
  link("later", end);
}

// link puts the link to the messages beyond message at that end of the page.
function link(id, { dataset }) {
  document.getElementById(id)?.remove();
  const item = document.getElementById(`${id}-template`).content.cloneNode(true).firstElementChild;
  const a = item.querySelector("a");
  for (const name of ["href", "hx-get"])
    a.setAttribute(name, a.getAttribute(name).replace(/(_seq=)0/, `$1${dataset.seq}`));
  if (id === "older") list().prepend(item);
  else list().append(item);
  htmx.process(item);
}

// Only scrolling loads more, not a link in view: while a page is being drawn, it is at its beginning for a moment.
document.addEventListener(
  "scroll",
  ({ target }) => {
    if (target.id !== "log") return;
    if (target.scrollTop < NEAR) ask("older");
    if (toGo(target) < NEAR && !atEnd()) ask("later");
  },
  true, // scroll does not bubble
);

function ask(id) {
  const item = document.querySelector(`#${id}:not([data-asked])`);
  if (!item) return;
  item.dataset.asked = ""; // automatically once; after that the reader presses the link
  item.querySelector("a").click();
}

// goToEnd goes to the newest message, and loads it first if it is not on the page.
export async function goToEnd() {
  if (document.getElementById("later")) await fetchNewest();
  toEnd();
}

document.addEventListener("click", async ({ target }) => {
  if (!target.closest("#newer")) return;
  await goToEnd();
  document.getElementById("log").focus({ preventScroll: true });
});

document.addEventListener("parley:joined", fetchNewer);
