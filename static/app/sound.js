// Two soft notes. A browser lets a page be heard only after somebody has pressed something in it.
const EVERY = 1_500; // ms between two of them: a burst of messages is one
const NOTES = [
  { at: 0, pitch: 659 },
  { at: 0.11, pitch: 880 },
]; // s, Hz
const VOLUME = 0.06;
const LENGTH = 0.35; // s

let audio;
let last = -EVERY;

const woken = [];

// Calls back once this tab can be heard.
export function whenAudible(then) {
  if (audio) then();
  else woken.push(then);
}

function wake() {
  removeEventListener("pointerdown", wake);
  removeEventListener("keydown", wake);
  audio = new AudioContext();
  for (const then of woken) then();
}

if ("AudioContext" in window) {
  addEventListener("pointerdown", wake);
  addEventListener("keydown", wake);
}

export async function chime() {
  if (!audio || performance.now() - last < EVERY) return;
  last = performance.now();
  await audio.resume();
  for (const { at, pitch } of NOTES) {
    const start = audio.currentTime + at;
    const note = audio.createOscillator();
    const volume = audio.createGain();
    note.frequency.value = pitch;
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(VOLUME, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + LENGTH);
    note.connect(volume).connect(audio.destination);
    note.start(start);
    note.stop(start + LENGTH);
  }
}
