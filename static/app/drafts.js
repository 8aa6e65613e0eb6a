// Unsent texts, one per conversation, stored in this browser for one user.
const LIFE = 30 * 86_400_000; // ms
const MOST = 100; // drafts; older ones are removed

const prefix = () => `parley_draft:${document.getElementById("inbox").dataset.userId}:`;

// Storage may be full or forbidden. Drafts then last as long as the page.
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
  // no storage, or another value under our keys: leave it
}
