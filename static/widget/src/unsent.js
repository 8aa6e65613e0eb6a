// The end user's messages that the server has not confirmed.
import { openOutbox } from "../../app/outbox.js";
import { conversationId } from "./page.js";
import { publish } from "./signal.js";
import { storage } from "./store.js";

export const unsent = openOutbox(conversationId, () => publish("outbox"), storage);
