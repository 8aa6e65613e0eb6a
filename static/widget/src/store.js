// State that the browser stores for this conversation. Where a frame of another site may store nothing, the loader
// stores a little of it, and passes it behind the # of the address. The rest works without storage.
import { conversationId } from "./page.js";
import { publish } from "./signal.js";

function guarded(kind) {
  return {
    get(key) {
      try {
        return JSON.parse(window[kind].getItem(key));
      } catch {
        return null;
      }
    },
    set(key, value) {
      try {
        if (value === null) window[kind].removeItem(key);
        else window[kind].setItem(key, JSON.stringify(value));
      } catch {}
    },
  };
}

const local = guarded("localStorage");
export const session = guarded("sessionStorage"); // until the tab is closed
export const keyOf = (name) => `parley_${name}_${conversationId}`;

// Numbers only. mine: the last message the end user has read. theirs: the end user's last message that an agent has
// read. quiet: 1 if no sound is wanted. closed: 1 if the page begins as a bubble.
const hash = Object.fromEntries(
  [...new URLSearchParams(location.hash.slice(1))].map(([key, value]) => [key, Number(value)]),
);

export const closed = Boolean(hash.closed);
export const kept = { mine: hash.mine, theirs: hash.theirs, quiet: hash.quiet, ...local.get(keyOf("kept")) };

export function keep(changes) {
  Object.assign(kept, changes);
  local.set(keyOf("kept"), kept);
  publish("kept", new URLSearchParams(Object.entries(kept).filter(([, value]) => value)).toString());
}
