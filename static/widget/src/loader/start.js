// The chat on a host page: the frame, what it and the page say to each other, and window.Parley.
import { isPhone, place, safeArea, standAt, watch } from "./box.js";
import { memoryOf } from "./memory.js";
import { unfilled } from "./session_id.js";
import { stay } from "./stay.js";
import { watchPage } from "./visited.js";

export function start(origin, token, language) {
  const memory = memoryOf(token);
  const frame = document.createElement("iframe");
  const listeners = { __proto__: null };
  let ready = false;
  let before; // what had the focus when the chat was opened
  let loaded; // whose conversation the frame shows
  let unread = 0; // messages
  let refused = false; // who the page named: there is no chat until it names somebody else
  let asked = 0; // times the frame was told to close and has not said that it is

  // As the guide says: open from the first visit on. Over all of a phone that would bury the site.
  let open = !isPhone() && memory.wasOpen() !== "no";

  // A frame without an address to speak from, as a page from a file, gets no chat that can be minimised.
  const mute = self.origin === "null";

  // A frame that was just taken out of the page has no window until it is put back.
  const say = (type, more) => {
    if (ready && frame.isConnected) frame.contentWindow.postMessage({ parley: 1, type, ...more }, origin);
  };
  const fire = (event, detail) => {
    for (const listener of listeners[event] || []) queueMicrotask(() => listener(detail)); // what it throws is its own
  };
  const layout = () => ({ open, phone: isPhone(), safe: open && isPhone() ? safeArea(frame) : [0, 0, 0, 0] });

  // Nobody shall see a page that does not load: the chat appears when it says that it is ready.
  function hide() {
    ready = false;
    asked = 0;
    frame.style.visibility = mute ? "" : "hidden";
    place(frame, open);
  }

  function load() {
    const user = memory.user();
    const id = user.session_id;
    if (unfilled(id)) {
      refused = true;
      memory.identify({});
      console.error(`Parley: session_id "${id}" is not filled in. Pass the id of the user.`);
    }
    const query = new URLSearchParams({ embed_token: token, ...user });
    if (language) query.set("lang", language);
    const url = refused ? "about:blank" : origin + "/chat-widget?" + query;
    if (url === loaded) return;
    loaded = url;
    hide();
    frame.src = url + "#" + memory.state(id) + (open ? "" : "&minimised=1");
  }

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
    say("layout", layout());
    say("open");
    frame.focus();
  }

  function minimise() {
    if (!open) return;
    become(false);
    if (!ready) return place(frame, false);
    asked++;
    say("close");
  }

  // The page inside has drawn its bubble: only now the frame shrinks, so that no chat is seen squeezed into it.
  // Unasked, it was the reader who closed it there.
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
    ready({ title, position }) {
      if (title) frame.title = title;
      standAt(position);
      frame.style.visibility = "";
      place(frame, open);
      say("layout", layout()); // it may have changed while the page loaded
      say("page", { url: location.href, title: document.title });
      fire("ready");
    },
    open: show,
    close: closed,
    keep: ({ state }) => memory.keep(memory.user().session_id, encodeURI(state).slice(0, 200)),
    unread({ count }) {
      if (count === unread) return;
      unread = count;
      fire("unread", count);
    },
    message: ({ id, sender_type, content_type }) => fire("message", { id, sender_type, content_type }),
  };

  addEventListener("message", ({ source, origin: from, data }) => {
    if (source !== frame.contentWindow || !source || from !== origin || !data || data.parley !== 1) return;
    if (data.type === "ready") ready = true;
    if (ready && heard[data.type]) heard[data.type](data);
  });

  // Another tab of the site has logged the end user in or out.
  addEventListener("storage", load);

  const api = {
    __proto__: null,
    open: show,
    close: minimise,
    toggle: () => (open ? minimise() : show()),
    on(event, listener) {
      listeners[event] = [...(listeners[event] || []), listener];
      if (event === "ready" && ready) queueMicrotask(listener);
      return () => {
        listeners[event] = listeners[event].filter((one) => one !== listener);
      };
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
      memory.forget();
      load();
    },
    // How a page calls before the loader is there: (window.Parley = window.Parley || []).push(["open"]).
    push(...calls) {
      for (const [name, ...rest] of calls) if (api[name]) api[name](...rest);
    },
  };

  const queue = window.Parley;
  window.Parley = api;
  frame.title = "Chat";
  frame.setAttribute(
    "sandbox",
    "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox",
  );
  frame.allow = "autoplay"; // of the sound for a message
  frame.addEventListener("load", () => {
    frame.contentWindow.postMessage({ parley: 1, type: "hello", ...layout() }, origin);
  });
  watch(() => {
    place(frame, open);
    say("layout", layout());
  });
  watchPage(() => say("page", { url: location.href, title: document.title }));
  if (Array.isArray(queue)) api.push(...queue);
  load();
  place(frame, open);

  // Put back into the page the frame begins anew.
  const again = () => {
    loaded = "";
    load();
  };
  // Not before the page is read, which comes first.
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", () => stay(frame, again));
  else stay(frame, again);
}
