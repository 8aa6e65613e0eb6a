// The server draws the editor of rich messages, checks the fields and sends. This only moves the focus and scrolls.
import { goToEnd } from "./messages.js";

const editor = () => document.getElementById("rich-media-form");

let had = Boolean(editor());

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.target?.id !== "rich-media") return;
  if (!editor()) document.getElementById("content").focus();
  if (!editor() && ctx.request.method === "POST") goToEnd();
  else if (!had) editor().querySelector(".rich-fields :is(input, textarea)").focus();
  had = Boolean(editor());
});

document.addEventListener("parley:open", () => (had = Boolean(editor())));
