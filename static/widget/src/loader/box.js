// The frame's place and size: a corner of the window, the whole screen of a phone, or the bubble's box. Set by script
// only: a host's policy may forbid style attributes and elements, but not this.

const phones = matchMedia("(max-width: 480px), (max-height: 480px) and (pointer: coarse)");
const BUBBLE = 84; // px: 56 of bubble, 16 to the corner, 12 for badge and shadow

export const isPhone = () => phones.matches;

let left = false; // the left corner; the right one until the chat says otherwise

export function placeAt(position) {
  left = position === "left";
}

// safeArea reads the safe areas on the host page, by a property that moves nothing: inside the frame there are none.
export function safeArea(frame) {
  return ["top", "right", "bottom", "left"].map((side) => {
    const property = "scroll-padding-" + side;
    frame.style[property] = `env(safe-area-inset-${side})`;
    return parseFloat(getComputedStyle(frame)[property]) || 0;
  });
}

// all: removes what a host's own rules say about frames. color-scheme: as in the page inside, or the frame would be opaque.
const EVERYWHERE = "all:initial;position:fixed;z-index:2147483647;color-scheme:light dark;";
const CARD =
  "width:min(380px, 100vw);height:min(560px, 100vh);max-height:100dvh;" +
  "border-radius:12px 12px 0 0;box-shadow:0 8px 32px #0000002e";

export function place(frame, open) {
  const full = open && isPhone();
  const { style } = frame;
  const box = full ? "width:100%;height:100%;height:100dvh;" + keyboard() : open ? CARD : bubble();
  style.cssText =
    EVERYWHERE + `visibility:${style.visibility};inset:${left ? "auto auto 0 0" : "auto 0 0 auto"};` + box;
  lockScroll(full && style.visibility !== "hidden"); // a page that does not load must not block the host's scrolling
}

// bubble puts the box where the large one begins and moves it to the corner by a transform. A box that begins elsewhere
// would count as a layout shift of the host page.
function bubble() {
  const across = left ? "0px" : `calc(${isPhone() ? "100vw" : "min(380px, 100vw)"} - ${BUBBLE}px)`;
  const bottom = `calc(${isPhone() ? "100vh" : "min(560px, 100vh)"} - ${BUBBLE}px)`;
  return (
    `width:${BUBBLE}px;height:${BUBBLE}px;${left ? "left" : "right"}:${across};bottom:${bottom};` +
    `transform:translate(${across},${bottom})`
  );
}

// keyboard follows the visual viewport, which is all that a phone's keyboard shrinks, so that the composer stays
// visible. It does not while the reader has zoomed in, which shrinks it too.
function keyboard() {
  const seen = window.visualViewport;
  if (!seen || Math.abs(seen.scale - 1) > 0.01) return "";
  return `top:${seen.offsetTop}px;bottom:auto;height:${seen.height}px`;
}

let before = null; // the host's own overflow, while it is locked

function lockScroll(lock) {
  const { style } = document.documentElement;
  if (lock) {
    before ??= style.overflow;
    style.overflow = "hidden";
  } else {
    style.overflow = before ?? style.overflow;
    before = null;
  }
}

// watch calls onChange when the window or the visible part of it changes.
export function watch(onChange) {
  addEventListener("resize", onChange);
  if (!window.visualViewport) return;
  visualViewport.addEventListener("resize", onChange);
  visualViewport.addEventListener("scroll", onChange);
}
