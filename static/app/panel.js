// The details of the end user: the panel opens and closes without a request, and shows their current local time.
import { socket } from "./socket.js";
import { current, refreshPanel } from "./thread.js";

const YEAR = 31_536_000; // s
const TICK = 10_000; // ms

const wide = matchMedia("(min-width: 1280px)"); // else the panel covers the thread, and its state is not remembered
const languages = new Intl.DisplayNames("en", { type: "language", fallback: "code" });

function show(state) {
  document.getElementById("thread").dataset.panel = state;
  if (wide.matches)
    document.cookie = `panel=${state}; Path=/inbox; SameSite=Lax; Max-Age=${state === "closed" ? YEAR : 0}`;
}

// The server has remembered the ?panel= of a link that was pressed before this ran. Left in the address, every reload
// would apply it again.
const address = new URL(location);
if (address.searchParams.has("panel")) {
  address.searchParams.delete("panel");
  history.replaceState(history.state, "", address);
}

document.addEventListener("click", (event) => {
  const opens = event.target.closest("#panel-open");
  if (!opens && !event.target.closest("#panel-close")) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(opens ? "open" : "closed");
  document.getElementById(opens ? "panel" : "panel-open").focus();
});

document.addEventListener("keydown", ({ key, target }) => {
  if (key === "Escape" && !wide.matches && target.closest("#panel")) document.getElementById("panel-close").click();
});

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (!button) return;
  const said = button.querySelector(".sr-only");
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    said.textContent = button.title = "Copied";
    button.dataset.copied = "";
  } catch {
    getSelection().selectAllChildren(button.previousElementSibling); // without https: ready for Ctrl+C
  }
});

function clock(zone) {
  try {
    return new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit", timeZone: zone }).format();
  } catch {
    return ""; // a zone this browser does not know
  }
}

function showLocal() {
  for (const node of document.querySelectorAll("#panel [data-zone]")) {
    const text = clock(node.dataset.zone);
    if (node.textContent !== text) node.textContent = text;
  }
  for (const node of document.querySelectorAll("#panel [data-language]")) {
    const name = languages.of(node.dataset.language);
    if (node.textContent !== name) node.textContent = name;
  }
}

socket.on("visit_changed", ({ conversation_id }) => {
  if (conversation_id === current()) refreshPanel();
});

document.addEventListener("htmx:after:swap", showLocal);
setInterval(showLocal, TICK);
showLocal();
