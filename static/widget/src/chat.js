// The chat. Each behavior is a module, and modules notify each other by signals.
import "./announce.js";
import "./appearance.js";
import "./emoji.js";
import "./host.js";
import "./keyboard.js";
import "./newest.js";
import "./sound.js";
import "./team.js";
import "./typing.js";
import "./visit.js";
import { connect } from "./connection.js";
import { byClientID, byID } from "./entry.js";
import { greet } from "./greeting.js";
import { heal } from "./history.js";
import { preview, root } from "./page.js";
import { isOpen } from "./panel.js";

if (preview) {
  root.inert = true;
  greet(false);
} else {
  if (isOpen()) connect();
  heal().then(({ ok }) => (!ok || byID.size || byClientID.size) && connect());
}
