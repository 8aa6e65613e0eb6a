// Where the frame is and how large: a corner of the window, all of a phone, or the bubble's box. Only properties by
// script: a host's policy may forbid style attributes and elements, but not this.

const phones = matchMedia("(max-width: 480px), (max-height: 480px) and (pointer: coarse)");
const BUBBLE = 84; // px: 56 of bubble, 16 to the corner, 12 for badge and shadow

export const isPhone = () => phones.matches;

let left = false; // the corner; the right one until the chat says otherwise

export function standAt(position) {
  left = position === "left";
}

// Inside of the frame the browser says no safe areas: the host's are read here, by a property that moves nothing.
export function safeArea(frame) {
  return ["top", "right", "bottom", "left"].map((side) => {
    const property = "scroll-padding-" + side;
    frame.style[property] = `env(safe-area-inset-${side})`;
    return parseFloat(getComputedStyle(frame)[property]) || 0;
  });
}

// What a host's rule for its own frames would change is said too.
const EVERYWHERE =
  "position:fixed;display:block;margin:0;padding:0;border:none;background:none;max-width:none;max-height:none;" +
  "border-radius:0;box-shadow:none;transform:none;z-index:2147483647;" +
  "color-scheme:light dark;"; // what the page inside says: where the two differ, the frame is opaque
const CARD =
  "width:380px;height:560px;max-width:100vw;max-height:100vh;max-height:100dvh;" +
  "border-radius:12px 12px 0 0;box-shadow:0 8px 32px rgba(0,0,0,0.18)";

export function place(frame, open) {
  const full = open && isPhone();
  const { style } = frame;
  const box = full ? "width:100%;height:100%;height:100dvh;" + keyboard() : open ? CARD : bubble();
  style.cssText =
    EVERYWHERE + `visibility:${style.visibility};inset:${left ? "auto auto 0 0" : "auto 0 0 auto"};` + box;
  lockScroll(full && !style.visibility); // a page that does not load must not hold the host's still
}

// The bubble's box begins where the large one does and is moved to the corner by a transform: what begins elsewhere
// would count against the host as a shift of its layout.
function bubble() {
  const across = left ? "0px" : `calc(${isPhone() ? "100vw" : "min(380px, 100vw)"} - ${BUBBLE}px)`;
  const bottom = `calc(${isPhone() ? "100vh" : "min(560px, 100vh)"} - ${BUBBLE}px)`;
  return (
    `width:${BUBBLE}px;height:${BUBBLE}px;${left ? "left" : "right"}:${across};bottom:${bottom};` +
    `transform:translate(${across},${bottom})`
  );
}

// A keyboard shrinks the visual viewport alone: the frame follows it, so that the composer stays in sight. Not while
// the reader has zoomed in, which shrinks it too.
function keyboard() {
  const seen = window.visualViewport;
  if (!seen || Math.abs(seen.scale - 1) > 0.01) return "";
  return `top:${seen.offsetTop}px;bottom:auto;height:${seen.height}px`;
}

let before = null; // the host's own overflow, while it is locked

function lockScroll(lock) {
  const { style } = document.documentElement;
  if (lock && before === null) {
    before = style.overflow;
    style.overflow = "hidden";
  } else if (!lock && before !== null) {
    style.overflow = before;
    before = null;
  }
}

// onChange hears when the window becomes another kind, or the part of it that is seen.
export function watch(onChange) {
  addEventListener("resize", onChange);
  if (!window.visualViewport) return;
  visualViewport.addEventListener("resize", onChange);
  visualViewport.addEventListener("scroll", onChange);
}
