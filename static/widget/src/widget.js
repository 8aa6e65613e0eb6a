// Starts the chat: in a frame of the loader once it has said what it keeps for the chat. Until then it hides the frame.
import { begun } from "./parent.js";

begun.then(() => import("./chat.js"));
