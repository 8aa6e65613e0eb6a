// Single-key shortcuts. They are off while somebody types, while a dialog is open, and where the agent has switched
// them off.
import { applies, commands, run } from "./commands.js";
import { openDialog } from "./dialog.js";
import { keyCaps, mac } from "./key_caps.js";
import { settings } from "./settings.js";

const SEQUENCE = 1_500; // ms between the two keys of a sequence, at most

let prefix = "";
let timer;

// pressed returns the key. Under a layout without Latin letters it is the Latin letter at that position.
function pressed({ key, code }) {
  if (key.length === 1 && key > "~" && code.startsWith("Key")) return code.slice(3).toLowerCase();
  return key.toLowerCase();
}

function begin(key) {
  clearTimeout(timer);
  prefix = key && `${key} `;
  timer = setTimeout(() => (prefix = ""), SEQUENCE);
}

const writing = (target) => target.closest("input, textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (!event.key || event.defaultPrevented || event.isComposing || event.altKey) return; // autofill has no key
  const key = pressed(event);
  const dialog = document.querySelector("dialog[open]");
  if (mac ? event.metaKey : event.ctrlKey) {
    if (key !== "k" || event.shiftKey) return;
    event.preventDefault();
    if (dialog?.id === "palette") dialog.close();
    else if (!dialog) openDialog("palette");
    return;
  }
  if (event.metaKey || event.ctrlKey || dialog || !settings.shortcuts) return;
  if (writing(event.target) || (event.shiftKey && /^\p{L}$/u.test(key))) return; // signs like ? may need Shift
  const command = commands.find(({ keys, native }) => keys === prefix + key && !native);
  const begins = !prefix && commands.some(({ keys }) => keys?.startsWith(`${key} `));
  begin(begins ? key : "");
  if (!command || !applies(command) || (event.repeat && !command.keysOnly)) return;
  event.preventDefault();
  run(command);
});

// Escape goes one step back: from a field to the conversation, from there to its row in the list. Captured before the
// menus close, so that an Escape that closes a menu does nothing else.
document.addEventListener(
  "keydown",
  ({ key, target, isComposing }) => {
    if (key !== "Escape" || isComposing || !settings.shortcuts) return;
    if (document.querySelector("dialog[open], details[open] > .popover")) return;
    const row = document.querySelector("#list .row[aria-current]") ?? document.querySelector("#list .row");
    if (target.id === "content") document.getElementById("log").focus();
    else if (target.id === "search" ? !target.value : !writing(target)) {
      const back = document.querySelector("#thread .back");
      if (back?.checkVisibility()) back.click();
      else row?.focus();
    }
  },
  true,
);

// mark announces the shortcut of a control if it is a single key.
function mark() {
  for (const { keys, selector } of commands) {
    const control = selector && keys?.length === 1 && document.querySelector(selector);
    if (!control) continue;
    if (settings.shortcuts) control.setAttribute("aria-keyshortcuts", keys);
    else control.removeAttribute("aria-keyshortcuts");
  }
}

function draw(list) {
  list.replaceChildren();
  for (const [group, members] of Map.groupBy(
    commands.filter(({ keys }) => keys),
    (command) => command.group,
  )) {
    const section = document.createElement("section");
    const heading = document.createElement("h3");
    heading.textContent = group;
    const lines = document.createElement("dl");
    for (const { label, keys } of members) {
      const name = document.createElement("dt");
      name.textContent = label;
      const value = document.createElement("dd");
      value.append(keyCaps(keys));
      const line = document.createElement("div");
      line.append(name, value);
      lines.append(line);
    }
    section.append(heading, lines);
    list.append(section);
  }
}

document.addEventListener("parley:dialog", ({ target }) => {
  if (target.id !== "shortcuts") return;
  draw(document.getElementById("shortcut-list"));
  document.getElementById("shortcuts-off").hidden = settings.shortcuts;
});

document.addEventListener("htmx:after:swap", mark);
document.addEventListener("parley:settings", mark);
mark();
