// Every command of the inbox, for the shortcuts, the help dialog that lists them and the command palette.
//
//   keys      what to press: "j", "g u" for one after the other, "mod+k" for Ctrl or Cmd
//   selector  the control that the command presses; without it on the page the command is not available
//   run       what the command does instead of pressing the control
//   keysOnly  not in the palette, because it moves the focus
//   native    handled by the browser or another module, so only listed
import { openDialog } from "./dialog.js";

const at = (selector) => document.querySelector(selector);
const focus = (selector) => () => at(selector)?.focus();

// step moves the focus by rows in the list, from the focused row or else the open one.
function step(by) {
  const rows = [...document.querySelectorAll("#list .row")];
  const focused = rows.indexOf(document.activeElement);
  const from = focused >= 0 ? focused : rows.findIndex((row) => row.hasAttribute("aria-current"));
  rows[Math.max(0, Math.min(from + by, rows.length - 1))]?.focus();
}

// On a phone an open conversation covers the list and its tabs.
const filter = (name) => () => {
  if (!at("#tabs").checkVisibility()) at("#thread .back").click();
  at(`#tab-${name}`).click();
};

const undo = () => [...document.querySelectorAll("#toasts [data-path]")].at(-1).click();

function resolve() {
  const menu = at("#resolve").closest("details");
  if (!menu) return at("#resolve").click();
  menu.open = true;
  menu.querySelector("input:not([type=hidden], [hidden])")?.focus(); // at once: the next keys belong there
}

export const commands = [
  { group: "This conversation", label: "Write a reply", keys: "r", selector: "#content", run: focus("#content") },
  { group: "This conversation", label: "Claim", keys: "c", selector: "#claim" },
  { group: "This conversation", label: "Resolve", keys: "e", selector: "#resolve", run: resolve },
  { group: "This conversation", label: "Unassign", selector: "#unassign" },
  { group: "This conversation", label: "Reopen", selector: "#reopen" },
  { group: "This conversation", label: "Undo", keys: "z", selector: "#toasts [data-path]", run: undo },

  { group: "Conversations", label: "Next conversation", keys: "j", keysOnly: true, run: () => step(1) },
  { group: "Conversations", label: "Previous conversation", keys: "k", keysOnly: true, run: () => step(-1) },
  { group: "Conversations", label: "Open it", keys: "enter", native: true },
  { group: "Conversations", label: "Search conversations", keys: "/", selector: "#search", run: focus("#search") },
  {
    group: "Conversations",
    label: "Go to unassigned",
    keys: "g u",
    selector: "#tab-unassigned",
    run: filter("unassigned"),
  },
  { group: "Conversations", label: "Go to mine", keys: "g m", selector: "#tab-mine", run: filter("mine") },
  { group: "Conversations", label: "Go to all", keys: "g a", selector: "#tab-all", run: filter("all") },

  { group: "Everywhere", label: "Commands", keys: "mod+k", keysOnly: true, run: () => openDialog("palette") },
  { group: "Everywhere", label: "Keyboard shortcuts", keys: "?", run: () => openDialog("shortcuts") },
  { group: "Everywhere", label: "Go back or close", keys: "escape", native: true },
  { group: "Everywhere", label: "Preferences", run: () => openDialog("preferences") },
  { group: "Everywhere", label: "Log out", selector: 'form[action="/auth/logout"] button' },
];

// These controls can be on the page but hidden, like the composer of a resolved conversation. Hidden, they can't take
// the focus.
const focusable = new Set(["#content", "#search"]);

export function applies({ selector }) {
  const control = selector && at(selector);
  if (!selector) return true;
  return Boolean(control) && !control.disabled && (!focusable.has(selector) || control.checkVisibility());
}

export function run(command) {
  if (!applies(command)) return;
  if (command.run) command.run();
  else at(command.selector).click();
}
