// The round mark of who writes: their photo, or the first letter of their name. The name stands beside it.
import { el, picture } from "./element.js";
import { initialOf, nameOf, photoOf } from "./names.js";

const SIDE = 32; // px at most

export function avatarOf(sender) {
  const avatar = el("span", `avatar from-${sender.sender_type}`, initialOf(nameOf(sender)));
  avatar.setAttribute("aria-hidden", "true");
  const url = photoOf(sender);
  if (url) {
    const photo = picture(url, "", () => photo.remove()); // the letter is below it
    photo.width = photo.height = SIDE;
    avatar.append(photo);
  }
  return avatar;
}
