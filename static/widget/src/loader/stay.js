// Keeps the frame in a page that replaces its body or removes elements it does not know. The frame is a child of the
// root element, so that a change of the body does not reload it.

const SOON = 500; // ms: a page that removes the frame again must not keep the browser busy

export function stay(frame, put) {
  const look = () => frame.isConnected || put();
  new MutationObserver(() => setTimeout(look, SOON)).observe(document.documentElement, { childList: true });
}
