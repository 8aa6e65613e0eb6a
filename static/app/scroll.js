// Where the thread stands: at the end while its reader is there, else where they are reading.
const NEAR_END = 60; // px from the end that still count as being there

const log = () => document.getElementById("log");
const newer = () => document.getElementById("newer");

let following = true;
let endTop = 0; // where the log was scrolled to when it last stood at its end, px
let unseen = 0;

export const toGo = (box) => box.scrollHeight - box.scrollTop - box.clientHeight;

// Measured, because what comes before the scroll's event must not take the reader back. What only grew below the
// reader, or shrank, did not turn them from the end: then the log stands where it was put, or at its end.
export function atEnd() {
  const box = log();
  if (following && box && toGo(box) >= NEAR_END && box.scrollTop < endTop) following = false;
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

// Called when messages came: goes along, or says how many there are. One's own does not take a reader along who has
// turned to earlier ones since it was sent.
export function followEnd(messages) {
  if (atEnd()) toEnd();
  else if (messages) count(unseen + messages);
}

export const hasUnseen = () => unseen > 0;

// What grows or shrinks the log, like the composer or a picture, does not take the reader from the end.
export function stayAtEnd() {
  if (atEnd()) toEnd();
}

// Runs change, which adds or removes something above, without moving what is read.
export function holdPlace(change) {
  const box = log();
  const fromEnd = box.scrollHeight - box.scrollTop;
  change();
  box.scrollTop = box.scrollHeight - fromEnd;
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
    following = toGo(target) < NEAR_END && !document.getElementById("later");
    if (following) count(0);
  },
  true, // scroll does not bubble
);
