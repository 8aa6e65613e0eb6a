// What was written and not sent, of every conversation, kept in this browser for its user.
const LIFE = 30 * 86_400_000; // ms
const MOST = 100; // drafts: the oldest go

const prefix = () => `parley_draft:${document.getElementById("inbox").dataset.userId}:`;

// Storage may be full or forbidden: then drafts last as long as the page.
const memory = new Map();

export function draftOf(id) {
  try {
    return JSON.parse(localStorage.getItem(prefix() + id))?.text ?? memory.get(id) ?? "";
  } catch {
    return memory.get(id) ?? "";
  }
}

export function keepDraft(id, text) {
  memory.set(id, text);
  try {
    if (text.trim()) localStorage.setItem(prefix() + id, JSON.stringify({ text, at: Date.now() }));
    else localStorage.removeItem(prefix() + id);
  } catch {
    // kept in memory
  }
}

function tidy() {
  const drafts = Object.keys(localStorage)
    .filter((key) => key.startsWith("parley_draft:"))
    .map((key) => ({ key, at: JSON.parse(localStorage.getItem(key)).at }))
    .sort((a, b) => b.at - a.at);
  for (const [i, { key, at }] of drafts.entries())
    if (i >= MOST || Date.now() - at > LIFE) localStorage.removeItem(key);
}

try {
  tidy();
} catch {
  // no storage, or something else under our names: leave it
}
