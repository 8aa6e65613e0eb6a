// The look that the site has chosen for its chat: by class and properties, for a policy forbids style attributes.
import { color, ink, position } from "./page.js";

const { classList, style } = document.documentElement;

if (color) {
  style.setProperty("--site", color);
  style.setProperty("--site-ink", ink);
  classList.add("site-color");
}
classList.toggle("at-left", position === "left");
