// New messages of the open conversation. An event is only a signal: the server draws whatever came after the last
// message on the page, so the same request heals a gap after a reconnect.
import { current } from "./thread.js";
import { followEnd } from "./scroll.js";

const list = () => document.getElementById("messages");

let running = false;
let again = false;

// Signals that come while a request is under way lead to one more, not to one each.
export async function fetchNewer() {
  again = true;
  if (running) return;
  running = true;
  while (again && current()) {
    again = false;
    await fetchOnce().catch(() => {});
  }
  running = false;
}

async function fetchOnce() {
  const target = list();
  const last = [...target.querySelectorAll("[data-seq]")].at(-1);
  const path = `/inbox/${current()}/messages?after_seq=${last?.dataset.seq ?? 0}`;
  await htmx.ajax("GET", path, { source: target, target, swap: "beforeend" });
  const more = target.querySelector("[data-more]");
  if (more) {
    more.remove();
    again = true;
  }
  const newest = target.lastElementChild;
  if (target.isConnected && newest && newest !== last) {
    markAnswers(target);
    followEnd(newest.dataset.sender === "agent");
  }
}

// Controls that a newer message answered show the choice.
function markAnswers(target) {
  for (const { dataset } of target.querySelectorAll("[data-answers]")) {
    const asked = document.getElementById(`m-${dataset.answers}`);
    for (const choice of asked?.querySelectorAll("[data-value]") ?? [])
      choice.setAttribute("aria-pressed", String(choice.dataset.value === dataset.answerValue));
    const select = asked?.querySelector("select");
    if (select) select.value = dataset.answerValue;
  }
}

document.addEventListener("parley:joined", fetchNewer);
