// Names and avatars of agents, as the server drew them into the page.
const known = (id) => document.getElementById("names")?.content.querySelector(`[data-name-of="${CSS.escape(id)}"]`);

// An agent who joined after the page was drawn is not in it.
export const nameOf = (id) => known(id)?.querySelector("bdi").textContent ?? "Another agent";

export const avatarOf = (id) => known(id)?.querySelector(".avatar").cloneNode(true);
