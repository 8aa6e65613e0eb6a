// Keeps the frame in a page that replaces its body or throws away what it does not know. The frame hangs on the root
// element: what happens to the body does not even load it anew.

const SOON = 1000; // ms: whoever removes the frame again at once shall not keep the browser busy

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
