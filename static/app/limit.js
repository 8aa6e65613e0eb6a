// A field with data-limit (in characters) says by how much its text is too long, and is not sent until it fits.
// maxlength would silently cut a pasted text.
import { excess } from "./length.js";

const tooLong = (over) => `${over.toLocaleString("en")} ${over === 1 ? "character" : "characters"} too long`;

// The line exists before it has a text, or screen readers would not announce it.
function lineOf(field) {
  const id = `${field.id}-limit`;
  let line = document.getElementById(id);
  if (!line) {
    line = Object.assign(document.createElement("p"), { id, className: "error limit", role: "status" });
    field.after(line);
  }
  const described = field.getAttribute("aria-describedby")?.split(" ") ?? [];
  if (!described.includes(id)) field.setAttribute("aria-describedby", [...described, id].join(" "));
  return line;
}

export function checkLimit(field) {
  const over = excess(field.value, Number(field.dataset.limit));
  const line = lineOf(field);
  if (!over && !line.textContent) return;
  const text = over ? tooLong(over) : "";
  line.textContent = text;
  field.setCustomValidity(text);
  field.ariaInvalid = over ? "true" : null;
}

function checkAll() {
  for (const field of document.querySelectorAll("[data-limit]")) checkLimit(field);
}

document.addEventListener("input", ({ target }) => {
  if (target.dataset.limit) checkLimit(target);
});
document.addEventListener("htmx:after:swap", checkAll);
checkAll();
