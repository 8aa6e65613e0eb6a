// The editor of rich messages is the server's: it draws the fields, checks them and sends. This moves the caret.
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
