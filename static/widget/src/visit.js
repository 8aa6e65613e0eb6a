// Reports which page the end user is on: the host's page if the loader says it, else the referrer.
import { on } from "./signal.js";
import { request } from "./socket.js";

let page = { url: document.referrer, title: "" };
let reported = "";
let joined = false;

function visit() {
  if (!joined) return;
  const payload = {
    page_url: page.url || "",
    page_title: page.title || "",
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone || "",
    language: navigator.language,
  };
  if (JSON.stringify(payload) === reported) return;
  reported = JSON.stringify(payload);
  request("visit", payload); // the acknowledgement is not needed
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
