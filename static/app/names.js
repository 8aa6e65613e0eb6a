// What agents are called. The page holds each one as the server draws it, name and avatar.
const known = (id) => document.getElementById("names")?.content.querySelector(`[data-name-of="${CSS.escape(id)}"]`);

// Who joined after the page was drawn is not in it.
export const nameOf = (id) => known(id)?.querySelector("bdi").textContent ?? "Another agent";

export const avatarOf = (id) => known(id)?.querySelector(".avatar").cloneNode(true);
