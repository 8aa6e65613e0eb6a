// What comes is read out once, as words. The log itself is not a live region: history, redrawn, would be read out too.
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
