// Plays two soft notes. Browsers allow sound only after somebody has pressed something on the page.
const EVERY = 1_500; // ms between two sounds: a burst of messages makes one
const NOTES = [
  { at: 0, pitch: 659 },
  { at: 0.11, pitch: 880 },
]; // s, Hz
const VOLUME = 0.06;
const LENGTH = 0.35; // s

let audio;
let last = -EVERY;

const woken = [];

// whenAudible calls then once this tab may play sound.
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
