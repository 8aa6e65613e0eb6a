// The command palette: the commands that apply now, and conversations by name. The focus stays in its field, which
// names the active option by aria-activedescendant.
import { applies, commands, run } from "./commands.js";
import { fit } from "./fuzzy.js";
import { keyCaps } from "./key_caps.js";
import { openConversation } from "./open.js";
import { fetchPart } from "./part.js";
import { settings } from "./settings.js";

const PAUSE = 150; // ms without a key before the server is asked
const MOST = 8; // conversations

const dialog = () => document.getElementById("palette");
const field = () => document.getElementById("palette-field");
const list = () => document.getElementById("palette-list");
const options = () => [...list().querySelectorAll("[role=option]")];
const position = () => options().findIndex((option) => option.ariaSelected === "true");

const actions = new WeakMap(); // option → what it does

let found = []; // the rows of conversations, as the server drew them
let asked; // the AbortController of the running search
let timer;

function activate(option) {
  for (const other of options()) other.setAttribute("aria-selected", String(other === option));
  field().setAttribute("aria-activedescendant", option?.id ?? "");
  option?.scrollIntoView({ block: "nearest" });
}

function choose(option) {
  dialog().close(); // first, because closing it returns the focus
  actions.get(option)();
}

function optionOf(action, ...content) {
  const option = document.createElement("div");
  option.setAttribute("role", "option");
  option.className = "palette-option";
  option.append(...content);
  actions.set(option, action);
  return option;
}

function commandOption(command) {
  const label = document.createElement("span");
  label.textContent = command.label;
  const option = optionOf(() => run(command), label);
  if (command.keys && settings.shortcuts) {
    const caps = keyCaps(command.keys);
    caps.ariaHidden = "true";
    option.append(caps);
  }
  return option;
}

function conversationOption(row) {
  const part = (selector, className) => {
    const node = document.createElement("bdi");
    node.className = className;
    node.textContent = row.querySelector(selector).textContent.replace(/\s+/g, " ").trim();
    return node;
  };
  const avatar = row.querySelector(".avatar").cloneNode(true);
  avatar.ariaHidden = "true";
  const open = () => openConversation(row.dataset.conversationId);
  return optionOf(open, avatar, part(".row-name", "palette-name"), part(".row-preview", "palette-preview"));
}

function group(label, members) {
  if (!members.length) return [];
  const node = document.createElement("div");
  node.setAttribute("role", "group");
  node.ariaLabel = label;
  const heading = document.createElement("p");
  heading.className = "palette-heading";
  heading.ariaHidden = "true";
  heading.textContent = label;
  node.append(heading, ...members);
  return [node];
}

function matching(query) {
  return commands
    .filter((command) => !command.keysOnly && !command.native && applies(command))
    .map((command) => ({ command, fit: fit(command.label, query) }))
    .filter((match) => match.fit !== undefined)
    .sort((a, b) => a.fit - b.fit)
    .map(({ command }) => commandOption(command));
}

// draw draws the options. The one at index at becomes active.
function draw({ at = 0, note = "" } = {}) {
  const query = field().value.trim();
  const drawn = matching(query);
  const people = found.map(conversationOption);
  list().replaceChildren(...group("Commands", drawn), ...group("Conversations", people));
  for (const [i, option] of options().entries()) option.id = `palette-option-${i}`;
  list().scrollTop = 0;
  const count = options().length;
  activate(options()[Math.min(at, count - 1)]);
  field().ariaExpanded = String(count > 0);
  document.getElementById("palette-empty").hidden = count > 0 || Boolean(note);
  document.getElementById("palette-status").textContent = note || (query ? `${count} found` : "");
}

// onPage returns the rows of the list, which are shown without a query.
const onPage = () => [...document.querySelectorAll("#list .row")].slice(0, MOST);

async function search(q) {
  asked = new AbortController();
  const path = `/inbox/list?${new URLSearchParams({ filter: "all", q })}`;
  try {
    const answer = await fetchPart(path, { headers: { "HX-Request": "true" }, signal: asked.signal });
    if (!answer.ok) throw new Error(String(answer.status));
    const part = new DOMParser().parseFromString(await answer.text(), "text/html");
    found = [...part.querySelectorAll(".row")].slice(0, MOST);
    draw({ at: Math.max(0, position()) });
  } catch (error) {
    if (error.name === "AbortError") return;
    found = [];
    draw({ note: "Couldn't search conversations." });
  }
}

function changed() {
  clearTimeout(timer);
  asked?.abort();
  const query = field().value.trim();
  if (query) {
    found = found.filter((row) => fit(row.querySelector(".row-name").textContent, query) !== undefined);
    timer = setTimeout(search, PAUSE, query);
  } else {
    found = onPage();
  }
  draw();
}

document.addEventListener("parley:dialog", ({ target }) => {
  if (target !== dialog()) return;
  field().value = "";
  changed();
});

document.addEventListener("input", ({ target }) => {
  if (target === field()) changed();
});

document.addEventListener("keydown", (event) => {
  if (event.target !== field() || event.isComposing) return;
  const all = options();
  const at = position();
  const to = { ArrowDown: (at + 1) % all.length, ArrowUp: (at || all.length) - 1, Home: 0, End: all.length - 1 }[
    event.key
  ];
  if (event.key === "Enter") {
    event.preventDefault();
    if (all[at]) choose(all[at]);
  } else if (to !== undefined) {
    event.preventDefault();
    activate(all[to]);
  }
});

document.addEventListener("click", ({ target }) => {
  const option = target.closest("#palette [role=option]");
  if (option) choose(option);
});
