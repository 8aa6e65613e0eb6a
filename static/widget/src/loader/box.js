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
  const sides = ["Top", "Right", "Bottom", "Left"];
  for (const side of sides) frame.style["scrollPadding" + side] = `env(safe-area-inset-${side.toLowerCase()})`;
  const computed = getComputedStyle(frame);
  return sides.map((side) => parseFloat(computed["scrollPadding" + side]) || 0);
}

export function place(frame, open) {
  const full = open && isPhone();
  const set = (properties) => Object.assign(frame.style, properties);
  set({
    position: "fixed",
    inset: left ? "auto auto 0px 0px" : "auto 0px 0px auto",
    display: "block",
    margin: "0",
    padding: "0",
    border: "none",
    width: "380px",
    height: "560px",
    maxWidth: "100vw",
    maxHeight: "100vh",
    zIndex: "2147483647",
    borderRadius: "12px 12px 0 0",
    boxShadow: "0 8px 32px rgba(0,0,0,0.18)",
    background: "none",
    transform: "none",
    colorScheme: "light dark", // what the page inside says: where the two differ, the frame is opaque
  });
  set({ maxHeight: "100dvh" }); // where it is known
  if (!open) shrink(frame);
  if (full) {
    set({ width: "100%", height: "100%", maxWidth: "none", maxHeight: "none", borderRadius: "0", boxShadow: "none" });
    set({ height: "100dvh" });
    followKeyboard(frame);
  }
  lockScroll(full && !frame.style.visibility); // a page that does not load must not hold the host's still
}

// The bubble's box begins where the large one does and is moved to the corner by a transform: what begins elsewhere
// would count against the host as a shift of its layout.
function shrink(frame) {
  const across = left ? "0px" : `calc(${isPhone() ? "100vw" : "min(380px, 100vw)"} - ${BUBBLE}px)`;
  const bottom = `calc(${isPhone() ? "100vh" : "min(560px, 100vh)"} - ${BUBBLE}px)`;
  const size = BUBBLE + "px";
  Object.assign(frame.style, {
    width: size,
    height: size,
    [left ? "left" : "right"]: across,
    bottom,
    transform: `translate(${across}, ${bottom})`,
    borderRadius: "0",
    boxShadow: "none",
  });
}

// A keyboard shrinks the visual viewport alone: the frame follows it, so that the composer stays in sight. Not while
// the reader has zoomed in, which shrinks it too.
function followKeyboard(frame) {
  const seen = window.visualViewport;
  if (!seen || Math.abs(seen.scale - 1) > 0.01) return;
  Object.assign(frame.style, { top: seen.offsetTop + "px", bottom: "auto", height: seen.height + "px" });
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
