// Opens a conversation from anywhere, as a press on its row would. It need not be in the list.
export function openConversation(id) {
  const list = document.getElementById("list");
  const row = list?.querySelector(`.row[data-conversation-id="${CSS.escape(id)}"]`);
  if (row) return row.click();
  const path = `/inbox/${encodeURIComponent(id)}${list?.dataset.place ?? "?filter=all"}`;
  if (!list) return location.assign(path);
  htmx.ajax("GET", path, { target: "#thread", swap: "outerHTML", push: path }).catch(() => {});
}
