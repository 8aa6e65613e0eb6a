// State that the browser stores for this conversation. The loader keeps it in the storage of the site, where a logout can
// remove it also while this page can't be loaded, and where browsers that give a frame of another site no storage have
// one. It passes it as the frame's name. Without a loader it is in the storage of this page.
import { browserStorage } from "../../app/outbox.js";
import { conversationId } from "./page.js";
import { publish } from "./signal.js";

const PREFIX = "parley_";
const keyOf = (name) => `${PREFIX}${name}_${conversationId}`;

let tabs; // the channel to them; a browser without storage may have none

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
    publish("keep", { [key]: value });
    tabs?.postMessage([key, value]);
  }

  removeItem(key) {
    if (key in this) this.setItem(key);
  }
}

// A site without the loader may have called its frame anything.
function passed() {
  try {
    const kept = JSON.parse(window.name);
    return parent !== window && kept instanceof Object && new ByLoader(kept);
  } catch {}
}

export const storage = passed() || browserStorage();

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
