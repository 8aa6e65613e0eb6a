// The look that the site has chosen for its chat: by class and properties, for a policy forbids style attributes.
import { colour, ink, position } from "./page.js";

const { classList, style } = document.documentElement;

if (colour) {
  style.setProperty("--site", colour);
  style.setProperty("--site-ink", ink);
  classList.add("site-colour");
}
classList.toggle("at-left", position === "left");
