// Notifies an agent of an end user's message, unless they are reading it: by a sound, and by a desktop notification
// while no tab of Parley is visible. Only for conversations that are unassigned or their own, and in one tab.
import { openConversation } from "./open.js";
import { notificationsOn, permission, set, settings, turnOnNotifications } from "./settings.js";
import { socket } from "./socket.js";
import { chime, whenAudible } from "./sound.js";
import { lead, anyTabMarked, tabMark } from "./tabs.js";
import { current } from "./thread.js";
import { showToast } from "./toast.js";

const VISIBLE = "parley:visible";
const reading = (id) => `parley:reading:${id}`;

const notifies = lead("parley:notifies");
let sounds = () => false;
whenAudible(() => (sounds = lead("parley:sounds")));

const markVisible = tabMark();
const markReading = tabMark();

const atFront = () => !document.hidden && document.hasFocus();

function markTab() {
  markVisible(document.hidden ? "" : VISIBLE);
  markReading(atFront() && current() ? reading(current()) : "");
}

const shown = new Map(); // conversation id → its desktop notification

function show({ id, end_user }, text) {
  const name = end_user.display_name || `Guest ${end_user.external_id.slice(-6)}`;
  let notification;
  try {
    notification = new Notification(name, { body: text, tag: id, icon: document.querySelector("link[rel=icon]").href });
  } catch {
    return; // on phones only a service worker can show notifications
  }
  shown.set(id, notification);
  notification.addEventListener("click", () => {
    window.focus();
    openConversation(id);
    notification.close();
  });
}

function offer() {
  if (settings.offered || permission() !== "default") return;
  set("offered", true);
  showToast("Get notified about new messages?", {
    action: { label: "Turn on notifications", run: turnOnNotifications },
    stays: true,
  });
}

// forMe returns a conversation that is unassigned or this agent's. The event does not say whose it is.
async function forMe(id) {
  const answer = await fetch(`/api/conversations/${id}`, { signal: AbortSignal.timeout(10_000) }).catch(() => {});
  if (!answer?.ok) return undefined;
  const conversation = await answer.json().catch(() => {}); // a page of something on the way
  const agent = conversation?.active_session?.assigned_agent_id;
  const me = document.querySelector("[data-user-id]").dataset.userId;
  return conversation?.active_session && (!agent || agent === me) ? conversation : undefined;
}

// Several messages in one conversation lead to one request, and the newest is shown.
const asking = new Map(); // conversation id → the newest preview

async function notifyAbout(id) {
  if ((atFront() && current() === id) || (await anyTabMarked(reading(id)))) return;
  const unseen = document.hidden && !(await anyTabMarked(VISIBLE));
  if (!unseen && !settings.sound) return;
  const conversation = await forMe(id);
  if (!conversation) return;
  if (settings.sound && sounds()) chime();
  if (!unseen || !notifies()) return;
  if (notificationsOn()) show(conversation, asking.get(id));
  else offer();
}

socket.on("conversation_updated", async ({ conversation_id, sender_type, preview }) => {
  if (sender_type !== "end_user" || (!sounds() && !notifies())) return;
  const first = !asking.has(conversation_id);
  asking.set(conversation_id, preview);
  if (!first) return;
  await notifyAbout(conversation_id);
  asking.delete(conversation_id);
});

function looked() {
  markTab();
  if (!atFront()) return;
  shown.get(current())?.close();
  shown.delete(current());
}

for (const event of ["visibilitychange", "parley:open"]) document.addEventListener(event, looked);
for (const event of ["focus", "blur"]) window.addEventListener(event, looked);
looked();

// Turning the sound on plays it once.
document.addEventListener("change", ({ target }) => {
  if (target.form?.id === "settings" && target.name === "sound" && target.checked) chime();
});
