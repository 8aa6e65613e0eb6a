// The button that leads a reader who has scrolled up to the newest message. It shows how many are new.
import { part } from "./page.js";
import { isFollowing, log, onScroll, toEnd } from "./scroll.js";
import { on } from "./signal.js";
import { t } from "./text.js";

const button = part("newest");
const label = button.querySelector("span");
let unread = 0;

function show() {
  const away = !isFollowing() && log.clientHeight > 0;
  button.hidden = !away;
  button.classList.toggle("pill", unread > 0);
  label.textContent = unread ? t("new_count", { n: unread }) : t("newest");
}

button.addEventListener("click", () => {
  toEnd();
  log.focus({ preventScroll: true });
  show();
});

onScroll(show);
on("unread", (count) => {
  unread = count;
  show();
});
on("panel", show);
