// Keeps the frame in a page that replaces its body or removes elements it does not know. The frame is a child of the
// root element, so that a change of the body does not reload it.

const SOON = 1000; // ms between two attempts: a page that removes the frame again must not keep the browser busy

export function stay(frame, onReturn) {
  let last = 0;
  const put = () => {
    if (frame.isConnected) return;
    if (last) onReturn();
    last = Date.now();
    document.documentElement.appendChild(frame);
  };
  const watcher = new MutationObserver(() => {
    if (frame.isConnected) return;
    if (Date.now() - last > SOON) put();
    else setTimeout(put, SOON);
  });
  put();
  watcher.observe(document.documentElement, { childList: true });
}
