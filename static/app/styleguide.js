// What the styleguide's parts do on a real page.
import "./popover.js";
