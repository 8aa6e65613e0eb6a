// The round avatar of a sender: the photo, or the first letter of the name. The name is shown beside it.
import { el, picture } from "./element.js";
import { initialOf, nameOf, photoOf } from "./names.js";

const SIDE = 32; // px at most

export function avatarOf(sender) {
  const avatar = el("span", `avatar from-${sender.sender_type}`, initialOf(nameOf(sender)));
  avatar.setAttribute("aria-hidden", "true");
  const url = photoOf(sender);
  if (url) {
    const photo = picture(url, "", () => photo.remove()); // shows the letter below it
    photo.width = photo.height = SIDE;
    avatar.append(photo);
  }
  return avatar;
}
