// Draws keys: "g u" as G then U, "mod" as the name of that key on the reader's keyboard.
export const mac = /Mac|iPhone|iPad/.test(navigator.platform);

const names = { mod: mac ? "⌘" : "Ctrl", enter: "Enter", escape: "Esc" };

function cap(key) {
  const node = document.createElement("kbd");
  node.textContent = names[key] ?? key.toUpperCase();
  return node;
}

export function keyCaps(keys) {
  const node = document.createElement("span");
  node.className = "key-caps";
  for (const [i, press] of keys.split(" ").entries()) {
    if (i) node.append("then");
    node.append(...press.split("+").map(cap));
  }
  return node;
}
