// While somebody reads the list or is about to press a row, its rows keep their order and their place. What the new
// order would change is said by a button above them.
const mouse = matchMedia("(hover: hover)");

function busy(box) {
  return box.scrollTop > 0 || box.contains(document.activeElement) || (mouse.matches && box.matches(":hover"));
}

const items = (root) => [...root.querySelectorAll("#rows > ul > li")];

// Puts the rows of fragment, a list that was drawn anew, in the order of those on the page.
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
  rows(fragment).replaceChildren(...old.map((item) => now.get(item.id) ?? left(item, order, old)));
  const button = fragment.querySelector("#list-changed");
  button.hidden = false;
  button.textContent = arrived
    ? `${arrived} new ${arrived === 1 ? "conversation" : "conversations"}`
    : "Show new order";
}

function rows(fragment) {
  const list = fragment.querySelector("#rows > ul") ?? document.createElement("ul");
  if (!list.parentNode) fragment.querySelector("#rows").replaceChildren(list);
  return list;
}

// A row that is no longer of the list looks so, unless newer ones only pushed it over the page's end.
function left(item, order, old) {
  const copy = item.cloneNode(true);
  const after = old.slice(old.indexOf(item) + 1);
  copy.classList.toggle(
    "row-left",
    after.some(({ id }) => order.includes(id)),
  );
  return copy;
}
