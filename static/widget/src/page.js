// What the server has written into the page, such as the conversation it shows.
export const part = (id) => document.getElementById(id);

export const root = part("parley");
export const { conversationId, externalId, botName, botPhoto, greeting, color, ink, position } = root.dataset;
export const { embedToken, customerName } = root.dataset; // what the page was opened with
export const preview = "preview" in root.dataset; // in the dashboard: it has no conversation and can't be used
export const who = { conversation_id: conversationId, external_id: externalId };
export const language = document.documentElement.lang;
