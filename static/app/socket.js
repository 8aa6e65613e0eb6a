// The agent's one socket. The login cookie identifies the agent, who must still be the one whose page this is. inbox.js
// connects it after all modules have added their listeners.
import { keepConnected } from "./connection.js";

export const connection = keepConnected({ auth: { user_id: document.getElementById("inbox")?.dataset.userId } });
export const { socket, request } = connection;
