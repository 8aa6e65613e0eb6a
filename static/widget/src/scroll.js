// Keeps the scroll position: at the end while the reader is there, else at the message being read.
import { part } from "./page.js";

const NEAR_END = 60; // px from the end that still count as the end

export const log = part("log");
const list = part("messages");

let following = true;
let endTop = 0; // scroll position when the log was last at its end, px
let place = 0; // scroll position when the chat was minimized, px

export const isFollowing = () => following;

export function toEnd() {
  log.scrollTop = log.scrollHeight;
  endTop = log.scrollTop;
  following = true;
}

// toNode shows the end, or node at the top if the messages after it do not fit.
export function toNode(node) {
  toEnd();
  const above = node.getBoundingClientRect().top - log.getBoundingClientRect().top - 8;
  if (above < 0) log.scrollTop += above;
}

// keepPlace changes the thread without moving the text being read.
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

// rememberPlace stores the scroll position, which a hidden element loses.
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
    if (!log.clientHeight) return; // minimized
    const near = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END;
    following = near || (following && log.scrollTop >= endTop); // the content may have grown since toEnd
    for (const listener of moved) listener();
  },
  { passive: true },
);

let top = 0; // px from the top of the stage to the log: the banner above it moves it, an animation does not

const resized = new ResizeObserver(() => {
  if (!log.clientHeight) return; // minimized
  const before = top;
  top = log.offsetTop;
  if (following) toEnd();
  else if (top !== before) log.scrollTop += top - before;
});
for (const box of [log, list, part("typing")]) resized.observe(box);
