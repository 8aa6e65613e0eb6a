// The chat on a host page: the frame, the messages between the two, and window.Parley.
import { isPhone, place, safeArea, placeAt, watch } from "./box.js";
import { memoryOf } from "./memory.js";
import { unfilled } from "./session_id.js";
import { stay } from "./stay.js";
import { watchPage } from "./visited.js";

const FIRST = 2_500; // ms, half of the longest first wait for the page inside, before it is loaded again
const LONGEST = 30_000; // ms, half of the longest one

// Stages of the page inside.
const LOADING = 0;
const STARTED = 1; // it hears messages, as when it is READY
const READY = 2;
const REFUSED = 3; // by the server, for good; stage % REFUSED: whether it hears messages

export function start(origin, token, language) {
  const memory = memoryOf(token);
  const frame = document.createElement("iframe");
  const listeners = { __proto__: null };
  let id; // of the end user whose chat the frame shows
  let stage = LOADING; // of the page inside
  let timer; // of the next attempt
  let wait = FIRST; // ms
  let before; // the element that had the focus when the chat was opened
  let loaded; // URL of the conversation that the frame shows
  let unread = 0; // messages
  let refused = false; // the page passed a session_id that is not filled in: no chat until it passes another
  let asked = 0; // close messages that the frame has not confirmed

  // Open from the first visit on, as the integration guide says, but not on a phone, where it would cover the site.
  let open = !isPhone() && memory.wasOpen() !== "no";

  // A page without an origin, such as a local file, can't exchange messages with the frame, so its chat can't be
  // minimized.
  const mute = self.origin === "null";

  // A frame that was just removed from the page has no window until it is put back.
  const say = (type, more) => {
    if (stage % REFUSED) frame.contentWindow?.postMessage({ parley: 1, type, ...more }, origin);
  };
  const fire = (event, detail) => {
    // An error in a listener must not stop the others.
    for (const listener of listeners[event] || []) setTimeout(listener, 0, detail);
  };
  const page = () => say("page", { url: location.href, title: document.title });
  const layout = () => ({ open, phone: isPhone(), safe: open && isPhone() ? safeArea(frame) : [] });

  // load hides the frame until the chat says that it is ready, so that a page that does not load is not seen. It takes
  // the frame out and puts it back: the earlier page ends at once, and the site's history gets no entry.
  function load() {
    if (document.readyState === "loading") return; // the frame is added only after the page is parsed
    const user = memory.user();
    id = user.session_id;
    if (unfilled(id)) {
      refused = true;
      memory.identify({});
      console.error(`Parley: session_id "${id}" is not filled in.`);
    }
    const query = { embed_token: token, ...user };
    if (language) query.lang = language;
    const url = refused ? "about:blank" : origin + "/chat-widget?" + new URLSearchParams(query);
    if (url === loaded) return;
    loaded = url;
    stage = refused || mute ? REFUSED : LOADING;
    asked = 0;
    frame.remove();
    frame.style.visibility = mute ? "" : "hidden";
    place(frame, open);
    frame.src = url + (open ? "" : "#closed=1");
    document.documentElement.appendChild(frame);
    // Clients that lost the server at the same time do not all come back at the same time.
    clearTimeout(timer);
    timer = setTimeout(tryAgain, wait * (1 + Math.random()));
    wait = Math.min(wait * 2, LONGEST);
  }

  const again = () => {
    loaded = "";
    load();
  };

  const tryAgain = () => stage < READY && again();

  function become(wanted) {
    open = wanted;
    memory.keepOpen(open);
    fire(open ? "open" : "close");
  }

  function show() {
    if (open) return;
    before = document.activeElement;
    become(true);
    place(frame, true);
    say("open", layout());
    frame.focus();
  }

  function minimize() {
    if (!open) return;
    become(false);
    if (!(stage % REFUSED)) return place(frame, false);
    asked++;
    say("close");
  }

  // closed shrinks the frame once the page inside has drawn its bubble, so that no squeezed chat is seen. If the loader
  // has not asked for it, the reader has closed the chat there.
  function closed() {
    if (asked) asked--;
    else if (open) become(false);
    if (open) return;
    place(frame, false);
    say("layout", layout());
    if (document.activeElement === frame) before?.focus();
    before = null;
  }

  const heard = {
    __proto__: null,
    start() {
      stage = STARTED;
      say("hello", { kept: memory.kept(id), ...layout() });
    },
    refused() {
      stage = REFUSED;
    },
    ready({ title, position }) {
      stage = READY;
      wait = FIRST;
      frame.title = title;
      placeAt(position);
      frame.style.visibility = "";
      place(frame, open);
      page();
      fire("ready");
    },
    open: show,
    close: closed,
    keep({ key, value }) {
      if (!memory.keep(id, key, value)) say("unkept", { key });
    },
    unread({ count }) {
      if (count === unread) return;
      unread = count;
      fire("unread", count);
    },
    message: ({ parley, type, ...detail }) => fire("message", detail),
  };

  addEventListener("message", ({ source, origin: from, data }) => {
    if (from === origin && source === frame.contentWindow && data?.parley === 1) heard[data.type]?.(data);
  });

  // Another tab of the site has logged the end user in or out.
  addEventListener("storage", load);

  const api = {
    __proto__: null,
    open: show,
    close: minimize,
    toggle: () => (open ? minimize() : show()),
    on(event, listener) {
      const all = listeners[event] || new Set();
      listeners[event] = all;
      all.add(listener);
      if (event === "ready" && stage === READY) setTimeout(listener);
      return () => all.delete(listener);
    },
    identify(user) {
      refused = false;
      memory.identify({
        session_id: String(user?.session_id || memory.user().session_id),
        customer_name: user?.customer_name || undefined,
      });
      load();
    },
    logout() {
      refused = false;
      memory.logout();
      load();
    },
    // push lets a page call before the loader has run: (window.Parley = window.Parley || []).push(["open"]).
    push(...calls) {
      for (const [name, ...rest] of calls) api[name]?.(...rest);
    },
  };

  const queue = window.Parley;
  window.Parley = api;
  frame.title = "Chat";
  frame.sandbox = "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox";
  frame.allow = "autoplay"; // for the sound of a message
  if (!mute) frame.name = "parley:1"; // the chat waits for the hello then
  addEventListener("online", tryAgain);
  watch(() => {
    place(frame, open);
    say("layout", layout());
  });
  watchPage(page);
  if (Array.isArray(queue)) api.push(...queue);
  load();
  addEventListener("DOMContentLoaded", load);
  stay(frame, again);
}
