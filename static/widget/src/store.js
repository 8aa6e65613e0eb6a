// What the browser keeps for this conversation. Where a frame of another site may store nothing, the loader keeps the
// little that it is told, and gives it back behind the # of the address; all else works without.
import { conversationId } from "./page.js";
import { tell } from "./signal.js";

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

// Numbers alone: mine is the last message the end user has read, theirs the last of the end user's that an agent has,
// quiet is 1 where no sound is wanted, minimised where the page begins as a bubble.
const hash = Object.fromEntries(
  [...new URLSearchParams(location.hash.slice(1))].map(([key, value]) => [key, Number(value)]),
);

export const minimised = Boolean(hash.minimised);
export const kept = { mine: hash.mine, theirs: hash.theirs, quiet: hash.quiet, ...local.get(keyOf("kept")) };

export function keep(changes) {
  Object.assign(kept, changes);
  local.set(keyOf("kept"), kept);
  tell("kept", new URLSearchParams(Object.entries(kept).filter(([, value]) => value)).toString());
}
