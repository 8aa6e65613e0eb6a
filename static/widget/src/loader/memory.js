// Remembers in this browser, by embed token, who the end user is and whether the chat is open.

// Where storage is blocked, values last as long as the page.
const page = {};
let blocked = false;

function read(key) {
  try {
    if (!blocked) return localStorage.getItem(key);
  } catch (_) {
    blocked = true;
  }
  return page[key];
}

function write(key, value) {
  page[key] = value;
  try {
    if (value) localStorage.setItem(key, value);
    else localStorage.removeItem(key);
  } catch (_) {
    blocked = true;
  }
}

function newSessionID() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => (byte + 256).toString(16).slice(1)).join("");
}

export function memoryOf(token) {
  const anonymous = "cw_sid_" + token; // the key that the integration guide names
  const known = "cw_user_" + token;
  const open = "cw_open_" + token;
  const state = "cw_state_" + token;
  return {
    // user returns the user that identify named, until logout; else one with a random id.
    user() {
      let user = {};
      try {
        user = JSON.parse(read(known)) || {};
      } catch (_) {}
      if (!user.session_id) {
        if (!read(anonymous)) write(anonymous, newSessionID());
        user.session_id = read(anonymous);
      }
      return user;
    },
    identify(user) {
      write(known, JSON.stringify(user));
    },
    forget() {
      write(known, "");
      write(anonymous, "");
      write(state, "");
    },

    // state returns what the frame asked to keep, for browsers in which a frame of another site has no storage. It
    // belongs to one end user.
    state(id) {
      const [of, kept] = (read(state) || "").split("#");
      return of === encodeURIComponent(id) ? kept : "";
    },
    keep: (id, kept) => write(state, encodeURIComponent(id) + "#" + kept),

    wasOpen: () => read(open),
    keepOpen: (yes) => write(open, yes ? "yes" : "no"),
  };
}
