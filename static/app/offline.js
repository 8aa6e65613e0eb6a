// The banner while there is no connection.
import { socket } from "./socket.js";

const GRACE = 1_500; // ms a reconnect may take before anyone needs to know

let offline = false;
let timer;

const show = () => (document.getElementById("offline").hidden = !offline);

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
document.addEventListener("htmx:after:swap", show);
