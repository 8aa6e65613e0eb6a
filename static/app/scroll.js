// Where the thread stands: at the end while its reader is there, else where they are reading.
const NEAR_END = 60; // px from the end that still count as being there

const log = () => document.getElementById("log");
const newer = () => document.getElementById("newer");

let following = true;
let fromEnd; // px below the top edge when an older page was asked for

function toEnd() {
  const box = log();
  if (!box) return;
  box.scrollTop = box.scrollHeight;
  following = true;
  newer().hidden = true;
}

// Called when messages were added: goes along, or says that there is something new.
export function followEnd(own) {
  if (following || own) toEnd();
  else newer().hidden = false;
}

// What grows or shrinks the log, like the composer or a picture, does not take the reader from the end.
export function stayAtEnd() {
  if (following) toEnd();
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
    following = target.scrollHeight - target.scrollTop - target.clientHeight < NEAR_END;
    if (following) newer().hidden = true;
  },
  true, // scroll does not bubble
);

document.addEventListener("click", ({ target }) => {
  if (!target.closest("#newer")) return;
  toEnd();
  log().focus();
});

// An older page goes in above without moving what is read.
document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
  if (ctx.target?.id === "older") fromEnd = log().scrollHeight - log().scrollTop;
});

document.addEventListener("htmx:after:swap", () => {
  if (fromEnd === undefined) return;
  log().scrollTop = log().scrollHeight - fromEnd;
  log().focus({ preventScroll: true }); // the link that was pressed is gone
  fromEnd = undefined;
});
