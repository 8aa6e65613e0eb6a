// Loads messages: those that were missed, and older ones when the reader scrolls up. The database is the truth; a
// socket event is only a hint.
import { lost } from "../../app/connection.js";
import { isOurs } from "../../app/ours.js";
import { el, button } from "./element.js";
import { byClientID, byID } from "./entry.js";
import { greet } from "./greeting.js";
import { conversationId, embedToken, externalId, part } from "./page.js";
import { list } from "./order.js";
import { log, onScroll, toEnd, toNode } from "./scroll.js";
import { listen } from "./socket.js";
import { publish } from "./signal.js";
import { t } from "./text.js";
import { range, receive, receiveOlder } from "./thread.js";
import { isOwn } from "./names.js";

const PAGE = 100; // messages in one answer, at most
const TIMEOUT = 10_000; // ms until a request without an answer counts as lost
const SKELETON_DELAY = 200; // ms before the skeleton shows
const AHEAD = 600; // px from the top at which older messages are fetched

const top = part("older");
let loaded = false; // the newest page is drawn
let started = false; // the first message of the conversation is drawn
let loading = null; // the running fetch of missing messages
let loadingOlder = false;

async function page(query) {
  const path = `/chat-widget/history/${encodeURIComponent(conversationId)}`;
  const proof = new URLSearchParams({ external_id: externalId, embed_token: embedToken });
  const answer = await fetch(`${path}?${proof}${query}`, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT) });
  if (!isOurs(answer)) throw lost;
  const body = await answer.json();
  if (answer.ok) return body;
  const seconds = Number(answer.headers.get("Retry-After")) || 0;
  throw { ok: false, error: body.error, retry_after_ms: seconds * 1000 };
}

function skeleton(rows) {
  const box = el("div", "skeleton");
  for (let i = 0; i < rows; i++) box.append(el("span"));
  box.setAttribute("role", "status");
  box.setAttribute("aria-label", t("loading"));
  return box;
}

// waiting shows a skeleton if fetching takes long, and a retry button if it fails.
async function waiting(rows, fetching, again) {
  const timer = setTimeout(() => top.replaceChildren(skeleton(rows)), SKELETON_DELAY);
  try {
    const messages = await fetching;
    top.replaceChildren();
    return messages;
  } catch (error) {
    top.replaceChildren(el("p", "fault", el("span", "", t("load_failed")), button("link-button", again, t("retry"))));
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function loadNewest() {
  const messages = await waiting(3, page(""), heal);
  loaded = true;
  started = messages.length < PAGE;
  range.first = messages.length ? messages[0].seq : 0;
  receive(messages);
  range.last = Math.max(range.last, messages.at(-1)?.seq || 0);
  if (started) greet(byID.size + byClientID.size > 0);
  publish("loaded", messages.findLast(isOwn)?.seq || 0);
  const divider = list.querySelector(".divider");
  if (divider) toNode(divider);
  else toEnd();
}

async function loadNewer() {
  for (let more = true; more; ) {
    const messages = await page(range.last ? `&after_seq=${range.last}` : "");
    more = messages.length >= PAGE;
    range.first ||= messages[0]?.seq || 0;
    range.last = Math.max(range.last, messages.at(-1)?.seq || 0);
    for (const entry of receive(messages)) publish("received", entry);
  }
}

// heal fetches and draws the missing messages. Calls while it runs share one fetch. It returns a result like an
// acknowledgement.
export function heal() {
  const succeeded = () => ({ ok: true });
  const failed = (error) => (error.error ? error : lost);
  loading ||= (loaded ? loadNewer() : loadNewest()).then(succeeded, failed).finally(() => (loading = null));
  return loading;
}

// healUpTo fetches messages up to seq. A fetch that is already running may have started too early.
export async function healUpTo(seq) {
  if (loading) await loading;
  return loaded && range.last >= seq ? { ok: true } : heal();
}

async function loadOlder() {
  if (!loaded || started || loadingOlder || !range.first) return;
  loadingOlder = true;
  try {
    const messages = await waiting(1, page(`&before_seq=${range.first}`), loadOlder);
    const older = messages.filter(({ seq }) => seq < range.first);
    started = messages.length < PAGE || !older.length;
    receiveOlder(older);
    if (started) greet(true);
  } catch {
    // The page shows the failure with a retry button.
  } finally {
    loadingOlder = false;
  }
  look();
}

function look() {
  if (range.first > 1) started = false; // the oldest were trimmed
  if (log.clientHeight && log.scrollTop < AHEAD && !top.querySelector(".fault")) loadOlder();
}

onScroll(look);

listen("message_received", (message) => {
  const entries = receive([message]);
  if (message.seq === range.last + 1) {
    range.last = message.seq;
    range.first ||= message.seq;
  } else if (message.seq > range.last) publish("behind", message.seq);
  for (const entry of entries) publish("received", entry);
});
