// The banner shown without a connection. It says whether the server or the network is missing.
import { socket } from "./socket.js";

const GRACE = 1_500; // ms a reconnect may take before the banner shows

let offline = false;
let timer;

function show() {
  const banner = document.getElementById("offline");
  if (!banner) return;
  banner.hidden = !offline;
  const text = navigator.onLine
    ? "Parley can't be reached. We keep trying. What you write stays here."
    : "You're offline. What you write stays here. Parley reconnects automatically.";
  const line = banner.querySelector("span");
  // Set after the banner is shown, or screen readers would not announce it.
  if (offline && line.textContent !== text) line.textContent = text;
}

function lost() {
  timer ||= setTimeout(() => {
    offline = true;
    show();
  }, GRACE);
}

socket.on("disconnect", lost);
socket.on("connect_error", lost);
socket.on("connect", () => {
  clearTimeout(timer);
  timer = undefined;
  offline = false;
  show();
});
for (const event of ["online", "offline"]) window.addEventListener(event, show);
document.addEventListener("htmx:after:swap", show);
