// The thread stays where the reader is: at the end, whatever grows, or at the message that is being read.
import { part } from "./page.js";

const NEAR_END = 60; // px from the end that still count as reading the newest

export const log = part("log");
const list = part("messages");

let following = true;
let place = 0; // where the reader was when the chat was minimised

export const isFollowing = () => following;

export function toEnd() {
  log.scrollTop = log.scrollHeight;
  following = true;
}

// toNode shows what a reader who comes back has not seen: the end, or what comes before it if all does not fit.
export function toNode(node) {
  toEnd();
  const above = node.getBoundingClientRect().top - log.getBoundingClientRect().top - 8;
  if (above < 0) log.scrollTop += above;
}

// keepPlace changes the thread under the reader without moving what is read.
export function keepPlace(change) {
  if (following) {
    change();
    toEnd();
    return;
  }
  const top = log.getBoundingClientRect().top;
  const read = [...list.children].find((node) => node.getBoundingClientRect().bottom > top);
  const before = read?.getBoundingClientRect().top;
  change();
  if (read?.isConnected) log.scrollTop += read.getBoundingClientRect().top - before;
}

// A hidden box forgets where it was scrolled to.
export function rememberPlace() {
  place = log.scrollTop;
}

export function returnToPlace() {
  if (following) toEnd();
  else log.scrollTop = place;
}

const moved = new Set();
export const onScroll = (listener) => moved.add(listener);

log.addEventListener(
  "scroll",
  () => {
    if (!log.clientHeight) return; // minimised
    following = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END;
    for (const listener of moved) listener();
  },
  { passive: true },
);

const resized = new ResizeObserver(() => {
  if (following) toEnd();
});
for (const box of [log, list, part("typing")]) resized.observe(box);
