// Shares state between the tabs of this browser by Web Locks, which end with their tab even when it crashes. Without
// Web Locks, as on plain http, each tab behaves as if it were the only one.
const locks = navigator.locks;

const asked = new Map(); // name → whether this tab leads

// lead asks to make this the one tab for name. It returns a function that says whether it is.
export function lead(name) {
  if (!locks) return () => true;
  if (!asked.has(name)) {
    asked.set(name, false);
    const held = locks.request(name, () => {
      asked.set(name, true);
      return new Promise(() => {}); // until the tab ends
    });
    held.catch(() => {}); // forbidden, as in a frame without storage
  }
  return () => asked.get(name);
}

// leads reports whether this is the one tab for any name.
export const leads = () => !locks || [...asked.values()].includes(true);

// oneAtATime runs act while no other tab runs one of the same name, or after wait ms in any case.
export async function oneAtATime(name, wait, act) {
  let began = false;
  const run = () => {
    began = true;
    return act();
  };
  try {
    return await locks.request(name, { signal: AbortSignal.timeout(wait) }, run);
  } catch (error) {
    if (began) throw error;
    return act();
  }
}

// tabMark returns a function that marks this tab with a name, which all tabs can see, until it is called with another
// name or none.
export function tabMark() {
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

// anyTabMarked reports whether a tab is marked with name.
export async function anyTabMarked(name) {
  if (!locks) return false;
  const { held } = await locks.query();
  return held.some((lock) => lock.name === name);
}
