// Where the frame is and how large: a corner of the window, all of a phone, or the bubble's box. Only properties by script:
// a host's policy may forbid style attributes and elements, but not this.

const phones = matchMedia("(max-width: 480px), (max-height: 480px) and (pointer: coarse)");
const BUBBLE = "84px"; // 56 px of bubble, 16 px to the corner, 12 px for badge and shadow

export const isPhone = () => phones.matches;

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
    inset: "auto 0px 0px auto",
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
    colorScheme: "light dark", // what the page inside says: where the two differ, the frame is opaque
  });
  set({ maxHeight: "100dvh" }); // where it is known
  if (!open) set({ width: BUBBLE, height: BUBBLE, borderRadius: "0", boxShadow: "none" });
  if (full) {
    set({ width: "100%", height: "100%", maxWidth: "none", maxHeight: "none", borderRadius: "0", boxShadow: "none" });
    set({ height: "100dvh" });
    followKeyboard(frame);
  }
  lockScroll(full && !frame.style.visibility); // a page that does not load must not hold the host's still
}

// A keyboard shrinks the visual viewport alone: the frame follows it, so that the composer stays in sight. Not while the
// reader has zoomed in, which shrinks it too.
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
