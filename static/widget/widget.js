// The chat inside a site's frame. Draws with DOM calls and textContent alone, so that nothing a message says is markup.
(() => {
  "use strict";

  const ACK_TIMEOUT = 10_000; // ms until an unanswered send counts as failed
  const OFFLINE_TIMEOUT = 20_000; // ms a message waits for a connection before it is called failed
  const TYPING_EVERY = 3_000; // ms between two user_typing; the server forgets after 5 s
  const TYPING_SHOWN = 6_000; // ms an indicator stays without news, in case typing_cleared is lost
  const READ_DELAY = 300; // ms to gather messages into one mark_read
  const HISTORY_PAGE = 100; // messages that one history request answers at most
  const NEAR_END = 60; // px from the end that still count as reading the newest

  const root = document.getElementById("parley");
  const { conversationId, externalId, greeting, botName } = root.dataset;
  const log = document.getElementById("log");
  const list = document.getElementById("messages");
  const typing = document.getElementById("typing");
  const state = document.getElementById("state");
  const composer = document.getElementById("composer");
  const input = document.getElementById("content");
  const who = { conversation_id: conversationId, external_id: externalId };

  // auth.role: a visitor's socket even where an agent is logged in in the same browser.
  const socket = io({
    auth: { role: "end_user" },
    transports: ["websocket", "polling"],
    tryAllTransports: true,
  });

  const byID = new Map(); // message id → entry
  const byClientID = new Map(); // client_id → entry of ours
  const answers = new Map(); // message id → the choice made in it
  let lastSeq = 0; // everything up to here is drawn
  let joined = false;
  let loaded = false; // the history has come once
  let loading = null; // the fetch under way

  // ---- small things -------------------------------------------------------------------------------------------

  function el(tag, className, text) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) {
      node.textContent = text;
      node.dir = "auto";
    }
    return node;
  }

  function newID() {
    if (crypto.randomUUID) return crypto.randomUUID(); // only on https
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => (b + 256).toString(16).slice(1)).join("");
  }

  function safeURL(raw) {
    try {
      const url = new URL(raw, location.href);
      return url.protocol === "https:" || url.protocol === "http:" ? url.href : "";
    } catch {
      return "";
    }
  }

  function humanSize(bytes) {
    const units = ["B", "kB", "MB", "GB", "TB"];
    let unit = 0;
    while (bytes >= 999.5 && unit < units.length - 1) {
      bytes /= 1000;
      unit++;
    }
    return `${unit && bytes < 9.95 ? bytes.toFixed(1) : Math.round(bytes)} ${units[unit]}`;
  }

  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
  const dayAndClock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

  function timeOf(stamp) {
    const at = new Date(stamp ? stamp.replace(/Z?$/, "Z") : Date.now());
    const node = el("time", "", (at.toDateString() === new Date().toDateString() ? clock : dayAndClock).format(at));
    node.dateTime = at.toISOString();
    return node;
  }

  let following = true; // the reader is at the end, and stays there whatever grows

  function toEnd() {
    log.scrollTop = log.scrollHeight;
    following = true;
  }

  log.addEventListener("scroll", () => {
    following = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END;
  });

  const resized = new ResizeObserver(() => {
    if (following) toEnd();
  });
  for (const box of [log, list, typing]) resized.observe(box);

  // ---- drawing ------------------------------------------------------------------------------------------------

  function picture(url, alt, width, height) {
    const img = document.createElement("img");
    img.loading = "lazy";
    img.referrerPolicy = "no-referrer";
    img.alt = alt;
    img.width = width;
    img.height = height;
    img.src = safeURL(url);
    return img;
  }

  function anchor(url) {
    const a = document.createElement("a");
    const href = safeURL(url);
    if (href) a.href = href;
    a.target = "_blank";
    a.rel = "noopener noreferrer nofollow";
    return a;
  }

  function choices(entry, list) {
    const box = el("div", "choices");
    for (const { label, value } of list) {
      const button = el("button", "choice", label);
      button.type = "button";
      button.dataset.value = value;
      button.onclick = () => choose(entry, label, value);
      box.append(button);
    }
    return box;
  }

  function dropdown(entry, { placeholder, options }) {
    const form = el("form", "choices");
    const select = document.createElement("select");
    select.setAttribute("aria-label", placeholder || "Choose one");
    select.append(new Option(placeholder || "Choose one", ""));
    for (const { label, value } of options) select.append(new Option(label, value));
    select.required = true;
    const button = el("button", "choice", "Choose");
    form.append(select, button);
    form.onsubmit = (event) => {
      event.preventDefault();
      const chosen = select.selectedOptions[0];
      if (select.value) choose(entry, chosen.text, select.value);
    };
    return form;
  }

  function card(entry, { image_url, title, subtitle, buttons }) {
    const node = el("li", "card");
    if (image_url) node.append(picture(image_url, "", 200, 112));
    node.append(el("p", "title", title));
    if (subtitle) node.append(el("p", "", subtitle));
    if (buttons && buttons.length) node.append(choices(entry, buttons));
    return node;
  }

  function fillBubble(bubble, entry) {
    const { content, content_type: type } = entry.message;
    const media = entry.message.rich_media || {};
    if (type === "image" && media.url) {
      const a = anchor(media.url);
      a.append(picture(media.url, media.alt || "Image", 320, 200));
      bubble.append(a);
    }
    if (type === "file" && media.url) {
      const a = anchor(media.url);
      a.textContent = media.filename;
      a.dir = "auto";
      const line = el("p");
      line.append(a, media.size > 0 ? ` ${humanSize(media.size)}` : "");
      bubble.append(line);
    }
    if (content && content !== media.filename) bubble.append(el("p", "text", content));
    if (media.buttons) bubble.append(choices(entry, media.buttons));
    if (media.options) bubble.append(dropdown(entry, media));
    if (media.cards) {
      const cards = el("ul", "cards");
      cards.tabIndex = 0;
      cards.setAttribute("aria-label", "Cards");
      cards.append(...media.cards.map((c) => card(entry, c)));
      bubble.append(cards);
    }
  }

  const isOwn = (message) => message.sender_type === "end_user";

  function senderName(message) {
    if (isOwn(message)) return "";
    return message.sender_name || (message.sender_type === "bot" ? botName || "Bot" : "Agent");
  }

  function drawEntry(entry) {
    const { message } = entry;
    const own = isOwn(message);
    entry.node.className = `message ${own ? "own " : ""}type-${message.content_type} ${entry.status}`;
    const meta = el("p", "meta");
    if (!own) meta.append(el("bdi", "", senderName(message)), " · ");
    if (entry.status === "sending") meta.append("Sending…");
    else if (entry.status === "sent") meta.append(timeOf(message.created_at));
    const bubble = el("div", "bubble");
    fillBubble(bubble, entry);
    entry.node.replaceChildren(...(own ? [bubble, meta] : [meta, bubble]));
    if (entry.status === "failed") meta.replaceWith(fault(entry));
    drawAnswer(entry);
  }

  function fault(entry) {
    const line = el("p", "fault");
    line.setAttribute("role", "alert");
    line.append(el("span", "", entry.fault), " ");
    const retry = el("button", "", "Retry");
    retry.type = "button";
    retry.onclick = () => {
      log.focus({ preventScroll: true }); // the button goes away; the input would open a phone's keyboard
      send(entry);
    };
    line.append(retry);
    return line;
  }

  // Controls that were answered are closed, and show the choice.
  function drawAnswer(entry) {
    const chosen = entry.answer || answers.get(entry.message.id);
    for (const control of entry.node.querySelectorAll(".choice, select")) {
      control.disabled = Boolean(chosen);
      if (control.matches("select")) control.value = chosen ? chosen.value : control.value;
      else if (control.dataset.value !== undefined)
        control.setAttribute("aria-pressed", String(Boolean(chosen) && control.dataset.value === chosen.value));
    }
  }

  function setAnswer(entry, chosen) {
    if (entry.message.id) {
      if (chosen) answers.set(entry.message.id, chosen);
      else answers.delete(entry.message.id);
    } else entry.answer = chosen; // the greeting
    drawAnswer(entry);
  }

  function systemLine(text) {
    list.append(el("li", "message system", text));
  }

  // What is not stored yet stands at the end; the rest goes by seq.
  function place(entry) {
    const seq = entry.message.seq;
    let before = null;
    for (let node = list.lastElementChild; node; node = node.previousElementSibling) {
      const other = Number(node.dataset.seq);
      if (seq && node !== entry.node && (node.dataset.waiting || other > seq)) before = node;
      else if (node !== entry.node && other <= seq) break;
    }
    if (seq) entry.node.dataset.seq = seq;
    else entry.node.dataset.waiting = "yes";
    if (seq) delete entry.node.dataset.waiting;
    if (!entry.node.isConnected || entry.node.nextElementSibling !== before) list.insertBefore(entry.node, before);
  }

  // ---- messages that come -------------------------------------------------------------------------------------

  function receive(message) {
    if (byID.has(message.id)) return;
    let entry = isOwn(message) && message.client_id ? byClientID.get(message.client_id) : undefined;
    if (entry) clearTimeout(entry.timer);
    else entry = { node: el("li") };
    entry.message = message;
    entry.status = "sent";
    byID.set(message.id, entry);
    const selected = message.rich_media && message.rich_media.selected;
    if (selected) {
      answers.set(selected.message_id, selected);
      const asked = byID.get(selected.message_id);
      if (asked) drawAnswer(asked);
    }
    drawEntry(entry);
    place(entry);
    if (!isOwn(message)) {
      entry.node.dataset.id = message.id;
      seen.observe(entry.node);
    }
  }

  async function fetchNewer() {
    const url = `/chat-widget/history/${encodeURIComponent(conversationId)}?external_id=${encodeURIComponent(externalId)}`;
    const answer = await fetch(url + (lastSeq ? `&after_seq=${lastSeq}` : ""), { cache: "no-store" });
    if (answer.status === 404) return []; // the first message makes the conversation
    if (!answer.ok) throw new Error(`history: ${answer.status}`);
    return answer.json();
  }

  async function fetchMissing() {
    for (let more = true; more; ) {
      const messages = await fetchNewer();
      const first = !loaded;
      loaded = true;
      more = !first && messages.length >= HISTORY_PAGE;
      if (first && !messages.length && !byID.size) greet();
      for (const message of messages) {
        receive(message);
        lastSeq = Math.max(lastSeq, message.seq || 0);
      }
      if (first) toEnd();
    }
  }

  // Draws what is missing. Calls while it runs share the one fetch.
  function heal() {
    loading ||= fetchMissing()
      .catch(() => {
        if (!loaded) say("Couldn't load the conversation. It is tried again on the next connection.");
      })
      .finally(() => (loading = null));
    return loading;
  }

  // A fetch that was under way may have been too early for what the caller misses.
  async function healUpTo(seq) {
    if (loading) await loading;
    if (lastSeq < seq) await heal();
  }

  socket.on("message_received", (message) => {
    if (message.conversation_id !== conversationId) return;
    receive(message);
    if (!isOwn(message)) hideTyping();
    if (message.seq === lastSeq + 1) lastSeq = message.seq;
    else if (message.seq > lastSeq) healUpTo(message.seq);
  });

  socket.on("conversation_resolved", (event) => {
    if (event.conversation_id === conversationId) systemLine("This conversation was closed. Write to open it again.");
  });

  // Drawn here and stored nowhere: whoever only looks leaves no conversation behind.
  function greet() {
    if (!greeting) return;
    const entry = {
      node: el("li"),
      status: "sent",
      message: { sender_type: "bot", content_type: "text", content: greeting, rich_media: null },
    };
    let buttons = [];
    try {
      buttons = JSON.parse(root.dataset.greetingButtons || "[]");
    } catch {}
    if (buttons.length) entry.message.rich_media = { buttons };
    drawEntry(entry);
    list.prepend(entry.node);
  }

  // ---- messages that go ---------------------------------------------------------------------------------------

  function compose(content, selected) {
    const client_id = newID();
    const message = { sender_type: "end_user", content_type: "text", content, client_id };
    if (selected) message.rich_media = { selected };
    const entry = { node: el("li"), message, status: "sending" };
    byClientID.set(client_id, entry);
    return entry;
  }

  // Draws the message at once. A repeat carries the same client_id, so it is stored once however often it is sent.
  function send(entry) {
    entry.status = "sending";
    if (entry.asked) setAnswer(entry.asked, entry.chosen);
    drawEntry(entry);
    place(entry);
    toEnd();
    if (joined) emit(entry);
    else waitForConnection(entry);
  }

  function waitForConnection(entry) {
    clearTimeout(entry.timer);
    entry.timer = setTimeout(() => fail(entry, "Couldn't send: no connection."), OFFLINE_TIMEOUT);
  }

  function emit(entry) {
    clearTimeout(entry.timer);
    socket.timeout(ACK_TIMEOUT).emit("send_message", { ...who, ...entry.message }, (lost, ack) => {
      if (entry.status !== "sending") return;
      if (lost) {
        if (joined) fail(entry, "Couldn't send.");
        else waitForConnection(entry);
      } else if (ack.ok) {
        receive({ ...entry.message, ...ack.message });
        if (ack.message.seq === lastSeq + 1) lastSeq++;
      } else if (ack.error === "rate_limited") {
        fail(entry, `Too many messages at once. Try again in ${Math.ceil((ack.retry_after_ms || 1000) / 1000)} s.`);
      } else fail(entry, ack.message || "Couldn't send.");
    });
  }

  function fail(entry, reason) {
    entry.status = "failed";
    entry.fault = reason;
    drawEntry(entry);
    if (entry.asked) takeBack(entry);
  }

  // Unless the controls have another answer by now, they open again.
  function takeBack({ asked, chosen }) {
    if ((asked.answer || answers.get(asked.message.id)) === chosen) setAnswer(asked, null);
  }

  function choose(asked, label, value) {
    const { id } = asked.message;
    const chosen = { message_id: id, label, value };
    const entry = compose(label, id && chosen);
    entry.asked = asked;
    entry.chosen = chosen;
    log.focus({ preventScroll: true });
    send(entry);
  }

  composer.addEventListener("submit", (event) => {
    event.preventDefault();
    const content = input.value.trim();
    if (!content) return;
    input.value = "";
    grow();
    lastTyped = 0;
    send(compose(content));
  });

  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    composer.requestSubmit();
  });

  function grow() {
    input.style.height = "auto";
    input.style.height = `${input.scrollHeight + input.offsetHeight - input.clientHeight}px`;
  }

  // ---- typing -------------------------------------------------------------------------------------------------

  let lastTyped = 0;
  let typingTimer;

  input.addEventListener("input", () => {
    grow();
    if (!input.value || !joined || Date.now() - lastTyped < TYPING_EVERY) return;
    lastTyped = Date.now();
    socket.volatile.emit("user_typing", { ...who, sender_type: "end_user" });
  });

  function hideTyping() {
    clearTimeout(typingTimer);
    typing.hidden = true;
  }

  socket.on("typing_indicator", (event) => {
    if (event.conversation_id !== conversationId || event.sender_type === "end_user") return;
    typing.hidden = false;
    clearTimeout(typingTimer);
    typingTimer = setTimeout(hideTyping, TYPING_SHOWN);
  });

  socket.on("typing_cleared", (event) => {
    if (event.conversation_id === conversationId) hideTyping();
  });

  // ---- read ---------------------------------------------------------------------------------------------------

  const unread = new Set();
  let readTimer;

  const seen = new IntersectionObserver((found) => {
    for (const { isIntersecting, target } of found) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      unread.add(target.dataset.id);
    }
    readSoon();
  });

  function readSoon() {
    clearTimeout(readTimer);
    readTimer = setTimeout(() => {
      if (!unread.size || !joined || document.hidden) return;
      socket.emit("mark_read", { ...who, message_ids: [...unread] });
      unread.clear();
    }, READ_DELAY);
  }

  document.addEventListener("visibilitychange", readSoon);

  // ---- connection ---------------------------------------------------------------------------------------------

  const say = (text) => (state.textContent = text);

  socket.on("connect", () => {
    socket.timeout(ACK_TIMEOUT).emit("join_conversation", who, async (lost, ack) => {
      if (lost) return socket.disconnect().connect();
      if (!ack.ok) return say(ack.message || "This chat can't be opened.");
      say("");
      await healUpTo(Infinity);
      joined = true;
      for (const entry of byClientID.values()) if (entry.status === "sending") emit(entry);
      readSoon();
    });
  });

  socket.on("disconnect", (reason) => {
    joined = false;
    hideTyping();
    say("You are offline. The chat reconnects by itself.");
    // Only after the server's own goodbye does the client not come back by itself.
    if (reason === "io server disconnect") setTimeout(() => socket.connect(), 1000);
  });

  socket.on("connect_error", () => {
    say("No connection. The chat tries again by itself.");
    if (!loaded) heal();
  });
})();
