// The agent's one socket. The login cookie identifies the agent. inbox.js connects it after all modules have added
// their listeners.
import { keepConnected } from "./connection.js";

export const connection = keepConnected({});
export const { socket, request } = connection;
