// Announces a message to screen readers once, as words. The log is not a live region, because it would be read out
// whenever history is redrawn.
import { isOwn, nameOf } from "./names.js";
import { part } from "./page.js";
import { on } from "./signal.js";
import { t } from "./text.js";

on("received", ({ message }) => {
  if (isOwn(message)) return;
  const media = message.rich_media || {};
  const words = message.content || media.alt || media.cards?.map(({ title }) => title).join(", ") || t("image");
  part("announcer").textContent = `${nameOf(message)}: ${words}`;
});
