// Keeps the thread's scroll position: at the end while the reader is there, else at the text being read.
const NEAR_END = 60; // px from the end that still count as the end

const log = () => document.getElementById("log");
const newer = () => document.getElementById("newer");

let following = true;
let endTop = 0; // scroll position of the log when it was last at its end, px
let unseen = 0;

export const toGo = (box) => box.scrollHeight - box.scrollTop - box.clientHeight;

// atEnd measures, because messages can arrive before the event of a scroll upward. A position at or below endTop means
// that only the content has changed: it grew below the reader, or shrank.
export function atEnd() {
  const box = log();
  if (box && toGo(box) >= NEAR_END && box.scrollTop < endTop) following = false;
  return following;
}

export function toEnd() {
  const box = log();
  if (!box) return;
  box.scrollTop = box.scrollHeight;
  endTop = box.scrollTop;
  following = true;
  count(0);
}

function count(n) {
  unseen = n;
  const pill = newer();
  if (!pill) return;
  pill.hidden = n === 0;
  pill.querySelector("[data-count]").textContent = n > 99 ? "99+ new" : `${n} new`;
}

// followEnd is called after messages arrived. It scrolls to the end, or shows how many are new. An own message does not
// move a reader who has scrolled up since sending it.
export function followEnd(messages) {
  if (atEnd()) toEnd();
  else if (messages) count(unseen + messages);
}

export const hasUnseen = () => unseen > 0;

// stayAtEnd is called when the size of the log or its content changes, as by the composer or a picture.
export function stayAtEnd() {
  if (atEnd()) toEnd();
}

// holdPlace runs change, which adds or removes something above the reader, without moving the text being read.
export function holdPlace(change) {
  const box = log();
  const { scrollHeight, scrollTop } = box;
  change();
  box.scrollTop = scrollTop + box.scrollHeight - scrollHeight;
  endTop += box.scrollTop - scrollTop;
}

const resized = new ResizeObserver(stayAtEnd);

function watch() {
  resized.disconnect();
  if (log()) {
    resized.observe(log());
    resized.observe(log().firstElementChild);
  }
  toEnd();
}

document.addEventListener("parley:open", watch);
watch();

document.addEventListener(
  "scroll",
  ({ target }) => {
    if (target.id !== "log") return;
    if (toGo(target) < NEAR_END && !document.getElementById("later")) following = true;
    if (atEnd()) count(0);
  },
  true, // scroll does not bubble
);
