// Remembers in this browser, by embed token, who the end user is and whether the chat is open.

// Where storage is blocked or full, values last as long as the page.
const page = { __proto__: null };
let storage = page;
try {
  storage = localStorage || page;
} catch (_) {}

const read = (key) => page[key] ?? storage[key];

// under returns the values whose keys begin with prefix, by the rest of the key.
function under(prefix) {
  const all = { ...storage, ...page };
  const found = {};
  for (const key in all) if (key.startsWith(prefix)) found[key.slice(prefix.length)] = all[key];
  return found;
}

// write reports whether the value is stored. If there is no room for it, the one before does not stay either: it may be
// another user.
function write(key, value) {
  try {
    if (value) storage.setItem(key, value);
    else storage.removeItem(key);
    delete page[key];
    return true;
  } catch (_) {
    if (value) write(key);
    page[key] = value;
  }
}

export function memoryOf(token) {
  const anonymous = "cw_sid_" + token; // the key that the integration guide names
  const known = "cw_user_" + token;
  const open = "cw_open_" + token;
  const state = "cw_state_" + token + "\n"; // with the id of an end user and a key: what the chat keeps
  return {
    // user returns the user that identify named, until logout; else one with a random id.
    user() {
      let user;
      try {
        user = JSON.parse(read(known));
      } catch (_) {}
      if (!read(anonymous)) write(anonymous, crypto.getRandomValues(new Uint32Array(4)).join(""));
      return { session_id: read(anonymous), ...user };
    },
    identify: (user) => write(known, JSON.stringify(user)),
    logout() {
      for (const key in under(state)) write(state + key);
      write(known);
      write(anonymous);
    },

    // kept returns what the chat has asked to keep for an end user, by key.
    kept: (id) => under(state + id + "\n"),
    keep: (id, key, value) => write(state + id + "\n" + key, value),

    wasOpen: () => read(open),
    keepOpen: (yes) => write(open, yes || "no"),
  };
}
