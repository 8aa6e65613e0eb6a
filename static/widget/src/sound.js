// Plays a sound for a message while the end user looks elsewhere, in one tab, unless it is switched off. Browsers allow
// sound only after a gesture.
import { isOwn } from "./names.js";
import { part } from "./page.js";
import { isLooking } from "./read.js";
import { on } from "./signal.js";
import { keep, kept } from "./store.js";

const QUIET = 2_000; // ms in which one sound is for all messages, in all tabs
const NOTES = [659.25, 880]; // Hz, E5 and A5
const NOTE = 0.12; // s
const LOUD = 0.08; // volume, of 1

const choice = part("sound");
let context;

choice.checked = !kept.quiet;
choice.addEventListener("change", () => keep({ quiet: choice.checked ? 0 : 1 }));

// Created before a gesture, it would not play, and the browser would write a warning to the console.
for (const gesture of ["pointerdown", "keydown"])
  addEventListener(gesture, () => (context ||= new AudioContext()), { once: true });

function play() {
  NOTES.forEach((frequency, i) => {
    const from = context.currentTime + i * NOTE;
    const tone = new OscillatorNode(context, { frequency });
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.setValueAtTime(0, from);
    gain.gain.linearRampToValueAtTime(LOUD, from + 0.01);
    gain.gain.exponentialRampToValueAtTime(0.0001, from + 2 * NOTE);
    tone.connect(gain).connect(context.destination);
    tone.start(from);
    tone.stop(from + 2 * NOTE);
  });
}

const pause = () => new Promise((resolve) => setTimeout(resolve, QUIET));

// once runs act in one tab per QUIET. Without locks, because of plain http or blocked storage, the visible tab runs it.
async function once(act) {
  try {
    await navigator.locks.request("parley-sound", { ifAvailable: true }, async (lock) => {
      if (!lock) return;
      act();
      await pause();
    });
  } catch {
    if (!document.hidden) act();
  }
}

on("received", ({ message }) => {
  if (isOwn(message) || !choice.checked || !context) return;
  if (isLooking() && document.hasFocus()) return;
  once(play);
});
