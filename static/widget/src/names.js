// Names and photos of senders. The history contains names; a live message has only the id, which the list of the team
// may name.
import { botName, botPhoto } from "./page.js";
import { plain, t } from "./text.js";

const names = new Map(); // sender id → name
const photos = new Map(); // sender id → URL

export function learn({ id, name, photo_url }) {
  if (photo_url) photos.set(id, photo_url);
  if (!id || !name || names.get(id) === name) return;
  names.set(id, name);
  for (const node of document.querySelectorAll("#messages .name"))
    if (node.dataset.sender === id) node.textContent = plain(name);
}

export const isOwn = (message) => message.sender_type === "end_user";

export function nameOf({ sender_type, sender_id }) {
  const known = names.get(sender_id) || (sender_type === "bot" && botName);
  return known ? plain(known) : t(sender_type === "bot" ? "bot" : "agent");
}

export const photoOf = ({ sender_type, sender_id }) => photos.get(sender_id) || (sender_type === "bot" && botPhoto);

const letters = new Intl.Segmenter();

export function initialOf(name) {
  const [first] = letters.segment(plain(name).trim());
  return first ? first.segment.toLocaleUpperCase() : "?";
}
