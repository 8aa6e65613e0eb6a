// Keeps one Socket.IO socket connected, for the inbox and the widget. The connection always has one state:
//
//   idle        not needed yet, or a hidden tab has given up its long poll
//   connecting  the first attempt is running
//   online      connected and joined; all that the page shows is up to date
//   retrying    why: "offline", "unreachable" or an error of the server; at: time of the next attempt (ms, as Date.now
//               counts), 0 while it runs
//   refused     why: an error of the server that trying again does not change; message: its sentence
import { HOLD, pollInTurns } from "./polls.js";
import { lead, leads } from "./tabs.js";

const CONNECT_TIMEOUT = 7_000; // ms for an attempt to connect
const ACK_TIMEOUT = 10_000; // ms until an event without an answer counts as lost
const FIRST = 1_000; // ms, most of the first wait
const LONGEST = 3_000; // ms
const LONGEST_HIDDEN = 15_000; // ms, for a hidden tab after MANY attempts
const MANY = 20;
const SPREAD = 1_000; // ms over which clients spread that the server asked to wait for the same time
const STEADY = 10_000; // ms online, after which the next wait is the first one again
const HIDDEN = 2_000; // ms in which a hidden tab keeps its long poll
const POLLING = "parley_polling"; // in sessionStorage: WebSockets do not get through

const final = new Set(["invalid_request", "unauthorized", "forbidden", "not_found", "conflict", "too_large"]);

// isFinal reports whether sending the same again would be refused again. All other errors pass.
export const isFinal = (error) => final.has(error);

export const lost = { ok: false, error: "lost", message: "The server did not answer. Try again." };

// waitFor returns for how long to wait before an attempt, in ms: longer after several, never the same for two clients,
// and not shorter than the server has asked for.
export function waitFor(attempts, asked = 0) {
  if (asked) return asked + Math.random() * SPREAD;
  const most = document.hidden && attempts > MANY ? LONGEST_HIDDEN : LONGEST;
  return Math.min(FIRST * 2 ** attempts, most) * (0.5 + Math.random() / 2);
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Without storage every attempt begins with a WebSocket.
const memory = {
  get polling() {
    try {
      return Boolean(sessionStorage.getItem(POLLING));
    } catch {
      return false;
    }
  },
  set polling(yes) {
    try {
      if (yes) sessionStorage.setItem(POLLING, "yes");
      else sessionStorage.removeItem(POLLING);
    } catch {}
  },
};

// keepConnected returns the connection. busy reports whether the page still needs it while it is hidden.
export function keepConnected({ auth, busy = () => false }) {
  const socket = io({
    auth,
    query: { hold: HOLD },
    autoConnect: false,
    reconnection: false,
    timeout: false,
    tryAllTransports: true,
  });
  const watchers = [];
  let state = { name: "idle" };
  let join; // joins, fetches what is shown, and returns an acknowledgement
  let attempts = 0; // since the connection was last steady
  let round = 0; // the answers of an earlier attempt no longer count
  let swallowed = false; // the last attempt was by WebSocket and got no answer
  let timer;
  let deadline;
  let steady;

  function enter(next) {
    state = next;
    for (const watcher of watchers) watcher(state);
  }

  function attempt() {
    clearTimeout(timer);
    round++;
    enter(state.name === "retrying" ? { ...state, at: 0 } : { name: "connecting" });
    if (socket.connected) return joinAgain();
    // Polling may still be upgraded, in case the server was only slow.
    const polls = swallowed || memory.polling || !window.WebSocket;
    socket.io.opts.transports = polls ? ["polling", "websocket"] : ["websocket", "polling"];
    deadline = setTimeout(giveUp, CONNECT_TIMEOUT, polls);
    socket.connect();
  }

  // Something between here and the server may swallow WebSockets: then nothing ever answers.
  function giveUp(polled) {
    socket.disconnect();
    swallowed = !polled;
    if (polled) fail(lost);
    else attempt();
  }

  async function joinAgain() {
    const mine = ++round;
    const ack = await join();
    if (mine !== round) return;
    if (!ack.ok) return fail(ack);
    steady = setTimeout(() => (attempts = 0), STEADY);
    enter({ name: "online" });
  }

  function end() {
    round++;
    for (const one of [timer, deadline, steady]) clearTimeout(one);
  }

  function stop() {
    end();
    socket.disconnect();
  }

  function fail({ error, message, retry_after_ms }) {
    if (error === "lost" || isFinal(error))
      stop(); // also a connection that is only half open
    else end();
    if (isFinal(error)) return enter({ name: "refused", why: error, message });
    const why = navigator.onLine ? (error === "lost" ? "unreachable" : error) : "offline";
    const wait = waitFor(attempts++, retry_after_ms);
    enter({ name: "retrying", why, at: Date.now() + wait });
    timer = setTimeout(attempt, wait);
  }

  const transport = () => socket.io.engine?.transport.name;

  // Hidden tabs leave the turns to those that are seen, see polls.js.
  function letGo() {
    if (!document.hidden || !socket.connected || transport() !== "polling" || leads() || busy()) return;
    stop();
    enter({ name: "idle" });
  }

  socket.on("connect", () => {
    clearTimeout(deadline);
    if (transport() === "polling") {
      if (swallowed) memory.polling = true;
      lead("parley:polls");
      pollInTurns(socket.io.engine);
      socket.io.engine.once("upgrade", () => (memory.polling = false));
      setTimeout(letGo, HIDDEN);
    }
    swallowed = false;
    joinAgain();
  });
  socket.on("connect_error", (error) => fail(error.data ?? lost));
  socket.on("disconnect", (reason) => reason !== "io client disconnect" && fail(lost));

  function hurry() {
    if (join && !document.hidden && (state.name === "idle" || state.at)) attempt();
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) setTimeout(letGo, HIDDEN);
    else hurry();
  });
  addEventListener("online", hurry);
  addEventListener("offline", () => state.name === "online" && joinAgain()); // shows whether it still works

  const request = (event, ...payload) =>
    new Promise((resolve) => {
      if (!socket.connected) return resolve(lost);
      socket.timeout(ACK_TIMEOUT).emit(event, ...payload, (late, ack) => {
        if (late && socket.connected) fail(lost);
        resolve(late ? lost : ack);
      });
    });

  return {
    socket,
    // request returns the acknowledgement of an event, or lost.
    request,
    // insist repeats a request until it succeeds, is refused for good, or the connection is lost.
    async insist(event, ...payload) {
      for (let tried = 0; ; tried++) {
        const ack = await request(event, ...payload);
        if (ack.ok || isFinal(ack.error) || !socket.connected) return ack;
        await pause(waitFor(tried, ack.retry_after_ms));
      }
    },
    get state() {
      return state;
    },
    // watch calls watcher with the state when it changes.
    watch: (watcher) => watchers.push(watcher),
    // connect connects, and joins with newJoin after every connect. Further calls do nothing.
    connect(newJoin) {
      if (join) return;
      join = newJoin;
      attempt();
    },
    // report is called with an acknowledgement that failed, or a like object for a failed request, while online.
    // It leads to another attempt, after which the page is up to date.
    report(ack) {
      if (state.name === "online" && (!isFinal(ack.error) || ack.error === "unauthorized")) fail(ack);
    },
    close() {
      stop();
      join = undefined;
      enter({ name: "idle" });
    },
  };
}
