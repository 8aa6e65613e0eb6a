// The order of messages: by number, with unsent ones at the end. Days are separated, and messages that one sender wrote
// within two minutes form a group.
import { el } from "./element.js";
import { entryOf } from "./entry.js";
import { part } from "./page.js";
import { dayOf, sameDay } from "./time.js";

const GROUP = 120_000; // ms between two messages of one group

export const list = part("messages");

function neighbor(node, step) {
  let other = node[step];
  while (other && !entryOf(other)) other = other[step];
  return other;
}

function dayBetween(previous, node) {
  for (let other = node.previousElementSibling; other && other !== previous; other = other.previousElementSibling) {
    if (other.classList.contains("day")) return other;
  }
}

function isGroup(previous, node) {
  if (!previous || node.previousElementSibling !== previous) return false;
  const [one, other] = [entryOf(previous), entryOf(node)];
  return (
    one.at &&
    other.at &&
    Math.abs(other.at - one.at) < GROUP &&
    one.message.sender_type === other.message.sender_type &&
    (one.message.sender_id === other.message.sender_id || one.message.sender_type === "end_user")
  );
}

// tidy updates the date line and the grouping between a message and the one before it.
function tidy(node) {
  if (!node) return;
  const previous = neighbor(node, "previousElementSibling");
  const { at } = entryOf(node);
  const before = previous && entryOf(previous).at;
  const day = dayBetween(previous, node);
  const wanted = at && !(before && sameDay(before, at));
  if (day && !wanted) day.remove();
  if (!day && wanted) {
    const line = el("li", "day", el("span", "", dayOf(at)));
    line.dataset.at = at.toISOString();
    list.insertBefore(line, node);
    // A line that says "Today" may be from yesterday.
    for (const other of list.querySelectorAll(".day")) other.firstChild.textContent = dayOf(new Date(other.dataset.at));
  }
  const group = isGroup(previous, node);
  node.classList.toggle("follows", group);
  if (previous) previous.classList.toggle("followed", group);
}

function settle(node) {
  const next = neighbor(node, "nextElementSibling");
  tidy(node);
  if (next) tidy(next);
  else node.classList.remove("followed");
}

// successor searches from the end, where nearly every message belongs.
function successor(entry) {
  const { seq } = entry.message;
  let before = null;
  for (let node = list.lastElementChild; node; node = node.previousElementSibling) {
    const other = entryOf(node);
    if (!other || other === entry) continue;
    const waits = !other.message.seq && !other.message.local;
    if (waits ? seq : other.message.seq > seq) before = node;
    else if (!waits) break;
  }
  return before;
}

export function place(entry) {
  const { node, message } = entry;
  if (message.seq) node.dataset.seq = message.seq;
  const before = successor(entry);
  if (node.isConnected && neighbor(node, "nextElementSibling") === before) return settle(node);
  const old = node.isConnected && neighbor(node, "nextElementSibling");
  list.insertBefore(node, before);
  settle(node);
  if (old) tidy(old);
}

// prepend puts a page of older messages above all others.
export function prepend(page) {
  const first = list.firstElementChild;
  for (const { node, message } of page) {
    node.dataset.seq = message.seq;
    list.insertBefore(node, first);
    tidy(node);
  }
  let next = first;
  while (next && !entryOf(next)) next = next.nextElementSibling;
  tidy(next);
}

// remove removes a message and the date line before it.
export function remove(entry) {
  const { node } = entry;
  const next = neighbor(node, "nextElementSibling");
  const previous = neighbor(node, "previousElementSibling");
  dayBetween(previous, node)?.remove();
  node.remove();
  if (next) tidy(next);
  else if (previous) previous.classList.remove("followed");
}

// line adds a line that is not a message.
export function line(text, className = "line") {
  const node = el("li", className, el("span", "", text));
  list.append(node);
  return node;
}
