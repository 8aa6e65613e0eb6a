// Remembers in this browser, by embed token, who the end user is and whether the chat is open.

// Where storage is blocked or full, values last as long as the page.
const page = {};

function read(key) {
  try {
    return page[key] ?? localStorage.getItem(key);
  } catch (_) {}
}

function parsed(key) {
  try {
    return JSON.parse(read(key)) || {};
  } catch (_) {
    return {};
  }
}

function write(key, value) {
  try {
    if (value) localStorage.setItem(key, value);
    else localStorage.removeItem(key);
    delete page[key];
  } catch (_) {
    page[key] = value;
  }
}

function newSessionID() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => (byte + 256).toString(16).slice(1)).join("");
}

export function memoryOf(token) {
  const anonymous = "cw_sid_" + token; // the key that the integration guide names
  const known = "cw_user_" + token;
  const open = "cw_open_" + token;
  const state = "cw_state_" + token + "_"; // with the id of an end user: what the chat keeps
  return {
    // user returns the user that identify named, until logout; else one with a random id.
    user() {
      const user = parsed(known);
      if (!user.session_id) {
        if (!read(anonymous)) write(anonymous, newSessionID());
        user.session_id = read(anonymous);
      }
      return user;
    },
    identify: (user) => write(known, JSON.stringify(user)),
    logout() {
      for (const key of [state + this.user().session_id, state + read(anonymous), known, anonymous]) write(key, "");
    },

    // kept returns what the chat has asked to keep for an end user.
    kept(id) {
      for (const _ in page) return "";
      return parsed(state + id);
    },
    keep: (id, more) => write(state + id, JSON.stringify({ ...parsed(state + id), ...more })),

    wasOpen: () => read(open),
    keepOpen: (yes) => write(open, yes ? "yes" : "no"),
  };
}
