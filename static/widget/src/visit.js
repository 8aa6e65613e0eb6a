// Tells the agents where the end user is: the host's page as the loader says it, else the page this one was opened
// from.
import { on } from "./signal.js";
import { request } from "./socket.js";

let page = { url: document.referrer, title: "" };
let told = "";
let joined = false;

function visit() {
  if (!joined) return;
  const payload = {
    page_url: page.url || "",
    page_title: page.title || "",
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone || "",
    language: navigator.language,
  };
  if (JSON.stringify(payload) === told) return;
  told = JSON.stringify(payload);
  request("visit", payload); // whether it was heard makes no difference here
}

on("page", (next) => {
  page = next;
  visit();
});
on("joined", () => {
  joined = true;
  visit();
});
on("lost", () => (joined = false));
