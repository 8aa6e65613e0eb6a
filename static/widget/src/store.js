// State that the browser stores for this conversation. The loader keeps it in the storage of the site, where a logout can
// remove it also while this page can't be loaded, and where browsers that give a frame of another site no storage have
// one. Without a loader it is in the storage of this page.
import { browserStorage } from "../../app/outbox.js";
import { conversationId } from "./page.js";
import { hear, hello, say } from "./parent.js";
import { publish } from "./signal.js";

const PREFIX = "parley_";
const keyOf = (name) => `${PREFIX}${name}_${conversationId}`;

let tabs; // the channel to them; a browser without storage may have none
const unkept = new Set(); // keys whose values the loader could not store

// ByLoader is used like Storage. Each change is passed to the loader, and to the other tabs of the site.
class ByLoader {
  constructor(kept) {
    for (const [key, value] of Object.entries(kept)) this.change(key, value);
    try {
      tabs = new BroadcastChannel(PREFIX + conversationId);
    } catch {
      return;
    }
    tabs.onmessage = ({ data: [key, value] }) => {
      this.change(key, value);
      dispatchEvent(new StorageEvent("storage", { key }));
    };
  }

  change(key, value) {
    if (!key.startsWith(PREFIX)) return;
    if (typeof value === "string") this[key] = value;
    else delete this[key];
  }

  getItem(key) {
    return this[key] ?? null;
  }

  setItem(key, value) {
    this.change(key, value);
    unkept.delete(key);
    say("keep", { key, value });
    tabs?.postMessage([key, value]);
  }

  removeItem(key) {
    if (key in this) this.setItem(key);
  }

  lasts(key) {
    return !unkept.has(key);
  }
}

hear({
  unkept({ key }) {
    unkept.add(key);
    publish("unkept");
  },
});

export const storage = hello ? new ByLoader(hello.kept) : browserStorage();

export function load(name) {
  try {
    return JSON.parse(storage.getItem(keyOf(name)));
  } catch {
    return null;
  }
}

export function save(name, value) {
  const key = keyOf(name);
  try {
    if (value === null) storage.removeItem(key);
    else storage.setItem(key, JSON.stringify(value));
  } catch {}
}

// closed: the loader shows the page as a bubble.
export const closed = location.hash === "#closed=1";

// Numbers only. mine: the last message the end user has read. theirs: the end user's last message that an agent has
// read. quiet: 1 if no sound is wanted.
export const kept = { ...load("kept") };

export function keep(changes) {
  const before = JSON.stringify(kept);
  Object.assign(kept, changes);
  if (JSON.stringify(kept) !== before) save("kept", kept);
}
