// Redraws the widget in the frame while its appearance is edited, and lets the color be picked as well as typed.
const REDRAW = 250; // ms after the last key

const frame = document.getElementById("preview");
const form = document.getElementById("appearance-form");
const well = form?.querySelector("[data-color-of]");
const color = well && form.elements[well.dataset.colorOf];

let timer;
let shown;

function draw() {
  if ([...form.elements].some(({ validity }) => validity?.customError)) return; // too long: the server would refuse it
  const query = new URLSearchParams();
  for (const name of ["color", "title", "greeting", "language", "position"]) query.set(name, form.elements[name].value);
  const url = `${frame.dataset.preview}?${query}`;
  if (url === shown) return;
  shown = url;
  frame.contentWindow.location.replace(url); // no history entry for every key
  frame.parentElement.classList.toggle("preview-left", form.elements.position.value === "left");
}

const valid = () => /^#[0-9a-f]{6}$/i.test(color.value);

function matchWell() {
  well.value = valid() ? color.value : color.placeholder;
}

well?.addEventListener("input", () => (color.value = well.value)); // before the listener of the form runs

form?.addEventListener("input", () => {
  matchWell();
  clearTimeout(timer);
  timer = setTimeout(draw, REDRAW);
});

if (form) matchWell();
