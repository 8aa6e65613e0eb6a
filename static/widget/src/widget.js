// The chat: each behaviour is a module of its own, and they hear of each other by signals.
import "./announce.js";
import "./emoji.js";
import "./host.js";
import "./keyboard.js";
import "./newest.js";
import "./sound.js";
import "./team.js";
import "./typing.js";
import "./visit.js";
import { connect } from "./connection.js";
import { byID } from "./entry.js";
import { heal } from "./history.js";
import { isOpen } from "./panel.js";

if (isOpen()) connect();
heal().then(() => byID.size && connect());
