// The loader a site includes: puts the chat's frame on the page and gives the page window.Parley. The same file for
// every site. It depends on nothing and leaves nothing global but window.Parley, which also tells a second tag that one
// is there.
import { start } from "./loader/start.js";

const tag = document.currentScript;
const script = tag?.hasAttribute("data-embed-token") ? tag : document.querySelector("script[data-embed-token]");
const token = script?.getAttribute("data-embed-token");

if (!token) console.warn("Parley: the script tag has no data-embed-token.");
// A second tag would put a second chat over the first.
else if (!window.Parley?.identify) start(new URL(script.src).origin, token, script.getAttribute("data-lang"));
