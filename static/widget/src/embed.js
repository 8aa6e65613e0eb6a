// The loader that a site includes: puts the chat's frame on the page and defines window.Parley. It is the same file for
// every site, depends on nothing and defines no other global. A second tag finds window.Parley and does nothing.
import { start } from "./loader/start.js";

const tag = document.currentScript;
const script = tag?.dataset.embedToken ? tag : document.querySelector("script[data-embed-token]");
const token = script?.dataset.embedToken;

if (!token) console.error("Parley: no embed token.");
// A second tag would put a second chat over the first.
else if (!window.Parley?.identify) start(new URL(script.src).origin, token, script.dataset.lang);
