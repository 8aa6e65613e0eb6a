// What the tabs that this browser has of Parley know of each other, by Web Locks: they go with their tab, however it
// ends. Where there are none, as on plain http, each tab takes itself for the only one.
const locks = navigator.locks;

// Asks to be the one tab for something; answers whether this is it.
export function lead(name) {
  if (!locks) return () => true;
  let leads = false;
  locks.request(name, () => {
    leads = true;
    return new Promise(() => {}); // until the tab ends
  });
  return () => leads;
}

// Says something of this tab to the others, until it is said with another name, or none.
export function sign() {
  let said = "";
  let end = () => {};
  return (name) => {
    if (!locks || name === said) return;
    end();
    said = name;
    if (!name) return;
    const over = new Promise((resolve) => (end = resolve));
    locks.request(name, { mode: "shared" }, () => over);
  };
}

// Whether any tab says so.
export async function saidByAny(name) {
  if (!locks) return false;
  const { held } = await locks.query();
  return held.some((lock) => lock.name === name);
}
