// Shares state between the tabs of this browser by Web Locks, which end with their tab even when it crashes. On plain http
// there are no Web Locks: a lease in localStorage replaces the lock of a leader, and for the rest each tab behaves as if it
// were the only one.
const locks = navigator.locks;

const RENEWED = 20_000; // ms
const STUCK = 60_000; // ms in which a lock that was waited for in vain is not waited for again
const LEASE = 150_000; // ms until a lease that is not renewed ends; timers of hidden tabs run once a minute

const known = new Map(); // name → function that says whether this tab leads

// lead asks to make this the one tab for name. It returns a function that says whether it is.
export function lead(name) {
  if (!known.has(name)) known.set(name, locks ? lock(name) : lease(name));
  return known.get(name);
}

// leads reports whether this is the one tab for any name.
export const leads = () => [...known.values()].some((leader) => leader());

function lock(name) {
  let mine = false;
  const held = locks.request(name, () => {
    mine = true;
    return new Promise(() => {}); // until the tab ends
  });
  held.catch(() => {}); // forbidden, as in a frame without storage
  return () => mine;
}

function lease(name) {
  const key = `lease:${name}`;
  const me = Math.random();
  const holder = () => {
    try {
      return JSON.parse(localStorage.getItem(key));
    } catch {
      return { me }; // without storage no tab knows of another one
    }
  };
  const mine = () => holder()?.me === me;
  function renew() {
    const held = holder();
    if (held && held.me !== me && Date.now() - held.at < LEASE) return;
    try {
      localStorage.setItem(key, JSON.stringify({ me, at: Date.now() }));
    } catch {}
  }
  renew();
  setInterval(renew, RENEWED);
  addEventListener("storage", (event) => event.key === key && !event.newValue && renew());
  addEventListener("pagehide", () => mine() && localStorage.removeItem(key));
  return mine;
}

const stuck = new Map(); // name of a lock whose tab does not let it go → until when it is not waited for, ms

const isStuck = (name) => performance.now() < (stuck.get(name) ?? 0);

// oneAtATime runs act while no other tab runs one of the same name, or after wait ms in any case. The next calls within
// STUCK then wait no more.
export async function oneAtATime(name, wait, act) {
  let began = false;
  const run = (lock) => {
    began = true;
    if (lock) stuck.delete(name);
    return act();
  };
  try {
    const patience = isStuck(name) ? { ifAvailable: true } : { signal: AbortSignal.timeout(wait) };
    return await locks.request(name, patience, run);
  } catch (error) {
    if (began) throw error;
    if (error.name === "TimeoutError") stuck.set(name, performance.now() + STUCK);
    return act();
  }
}

// inTurn runs act while fewer than count tabs run one of the same name, or after wait ms in any case. act gets true if
// more want to.
export async function inTurn(name, count, wait, act) {
  const taken = Array(count).fill(0);
  let turn = 0;
  try {
    const { held, pending } = await locks.query();
    for (const lock of [...held, ...pending]) {
      const [of, at] = lock.name.split("#");
      if (of === name) taken[at]++;
    }
    const free = taken.map((tabs, at) => (isStuck(`${name}#${at}`) ? Infinity : tabs));
    turn = free.indexOf(Math.min(...free));
  } catch {
    return act(false);
  }
  return oneAtATime(`${name}#${turn}`, wait, () => act(taken[turn] > 0));
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
