// Keeps the frame in a page that replaces its body or removes elements it does not know. The frame is a child of the
// root element, so that a change of the body does not reload it.

const PAUSE = 500; // ms until it is put back; doubled for each time within MEMORY
const MEMORY = 100_000; // ms

export function stay(frame, put) {
  let recent = 0;
  let timer;
  function look() {
    timer = 0;
    if (frame.isConnected) return;
    put();
    recent++;
    setTimeout(() => recent--, MEMORY);
  }
  const soon = () => (timer ||= setTimeout(look, PAUSE << recent));
  new MutationObserver(soon).observe(document.documentElement, { childList: true });
}
