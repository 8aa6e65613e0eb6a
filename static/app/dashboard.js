// Loaded by every page of settings. Each behavior has its own module.
import "./csrf.js";
import "./popover.js";
import "./copy.js";
import "./limit.js";
import "./shown_once.js";
import "./submit.js";
import "./notice.js";
import "./part.js";
import "./time.js";
import "./service_worker.js";
