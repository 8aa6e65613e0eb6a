// Applies the look that the site has chosen, by class and properties, because the policy forbids style attributes.
import { color, ink, position } from "./page.js";

const { classList, style } = document.documentElement;

if (color) {
  style.setProperty("--site", color);
  style.setProperty("--site-ink", ink);
  classList.add("site-color");
}
classList.toggle("at-left", position === "left");
