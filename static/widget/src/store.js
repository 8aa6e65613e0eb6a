// What the browser keeps for this conversation. Where storage is blocked nothing is kept, and all else works.
import { conversationId } from "./page.js";

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

export const local = guarded("localStorage"); // until the browser forgets
export const session = guarded("sessionStorage"); // until the tab is closed
export const keyOf = (name) => `parley_${name}_${conversationId}`;
