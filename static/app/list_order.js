// While somebody reads the list or is about to press a row, its rows keep their order and place. A button above them
// offers the new order.
const mouse = matchMedia("(hover: hover)");

function busy(box) {
  return box.scrollTop > 0 || box.contains(document.activeElement) || (mouse.matches && box.matches(":hover"));
}

const items = (root) => [...root.querySelectorAll("#rows > ul > li")];

// holdOrder puts the rows of fragment, a list the server has just drawn, in the order of the rows on the page.
export function holdOrder(fragment) {
  const box = document.getElementById("rows");
  const old = items(document);
  if (!old.length || !busy(box)) return;
  const drawn = items(fragment);
  const now = new Map(drawn.map((item) => [item.id, item]));
  const known = new Set(old.map(({ id }) => id));
  const arrived = drawn.filter(({ id }) => !known.has(id)).length;
  const order = drawn.filter(({ id }) => known.has(id)).map(({ id }) => id);
  if (!arrived && order.join() === [...known].join()) return;
  rows(fragment).replaceChildren(...old.map((item) => now.get(item.id) ?? goneRow(item, order, old)));
  const button = fragment.querySelector("#list-changed");
  button.hidden = false;
  button.textContent = arrived
    ? `${arrived} new ${arrived === 1 ? "conversation" : "conversations"}`
    : "Show newest first";
}

function rows(fragment) {
  const list = fragment.querySelector("#rows > ul") ?? document.createElement("ul");
  if (!list.parentNode) fragment.querySelector("#rows").replaceChildren(list);
  return list;
}

// goneRow copies a row that has left the list. It is marked as gone, unless newer rows only pushed it beyond the end of
// the page.
function goneRow(item, order, old) {
  const copy = item.cloneNode(true);
  const after = old.slice(old.indexOf(item) + 1);
  copy.classList.toggle(
    "row-left",
    after.some(({ id }) => order.includes(id)),
  );
  return copy;
}
