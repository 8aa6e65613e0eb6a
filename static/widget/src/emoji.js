// A grid of emoji. Arrow keys move in it, Enter inserts one, Escape returns to the field.
import { input, insert } from "./composer.js";
import { button } from "./element.js";
import { part } from "./page.js";

const EMOJI = [
  ..."😀😄😁😆😅🤣😂🙂😉😊😍😘😋😜🤗🤔🤨😐🙄😏😬😌😴🤒😎🥳😕😟😮😲🥺😢😭😱😤😡👍👎👌🤞👋🙏👏💪🙌🤝👀🔥✨⭐🎉🎁💡✅❌❓❗💯🚀☕🌱💚💔",
  "❤️",
];
const COLUMNS = 8;

const picker = part("emoji");
const cells = EMOJI.map((emoji) => {
  const cell = button("", () => take(emoji), emoji);
  cell.tabIndex = -1;
  return cell;
});
let at = 0;

function take(emoji) {
  insert(emoji);
  picker.hidePopover();
  input.focus();
}

function goTo(next) {
  cells[at].tabIndex = -1;
  at = Math.min(Math.max(next, 0), cells.length - 1);
  cells[at].tabIndex = 0;
  cells[at].focus();
}

picker.addEventListener("keydown", (event) => {
  const on = document.dir === "rtl" ? -1 : 1;
  const step = { ArrowLeft: -on, ArrowRight: on, ArrowUp: -COLUMNS, ArrowDown: COLUMNS, Home: -at, End: cells.length }[
    event.key
  ];
  if (step === undefined) return;
  event.preventDefault();
  goTo(at + step);
});

// The cells are added when the grid is first opened.
picker.addEventListener("toggle", ({ newState }) => {
  part("emoji-button").setAttribute("aria-expanded", String(newState === "open"));
  if (newState !== "open") return;
  if (!picker.firstChild) picker.append(...cells);
  goTo(at);
});
