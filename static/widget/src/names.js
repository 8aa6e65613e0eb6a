// Names and photos of senders. The history contains names; a live message has only the id, which the list of the team
// may name.
import { botName, botPhoto } from "./page.js";
import { publish } from "./signal.js";
import { plain, t } from "./text.js";

const names = new Map(); // sender id → name
const photos = new Map(); // sender id → URL

// learn remembers the name and the photo of a sender, as far as they are given.
export function learn({ id, name, photo_url }) {
  const isNew = (name && name !== names.get(id)) || (photo_url && photo_url !== photos.get(id));
  if (!id || !isNew) return;
  if (name) names.set(id, name);
  if (photo_url) photos.set(id, photo_url);
  publish("learned", id);
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
