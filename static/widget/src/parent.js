// Messages between this page and the loader, in the page that frames this one. They are accepted only from that page and
// from the origin that sent the first hello, and are sent only there.
const LOADER = "parley:1"; // the name of the loader's frame

const heard = { __proto__: null }; // type of a message → function
let origin = ""; // the host page's; empty without a loader

// hear passes each message to the function with the name of its type.
export const hear = (functions) => Object.assign(heard, functions);

export const hasLoader = () => Boolean(origin);

export function say(type, more) {
  if (origin) parent.postMessage({ parley: 1, type, ...more }, origin);
}

// The loader's first hello. Its kept is what the loader keeps for this page, by key.
export let hello;

export const begun = new Promise((begin) => {
  if (parent === window) return begin();
  addEventListener("message", ({ source, origin: from, data }) => {
    if (source !== parent || data?.parley !== 1 || from === "null") return;
    if (!origin && data.type === "hello") origin = from;
    if (origin && from === origin) heard[data.type]?.(data);
  });
  if (window.name !== LOADER) return begin();
  hear({
    hello(data) {
      hello = data;
      begin();
    },
  });
  parent.postMessage({ parley: 1, type: "start" }, "*"); // nothing secret: the origin is not known yet
});
