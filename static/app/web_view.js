// Updates the WebView's URL while its parameters are typed.
const form = document.getElementById("web-view");
const shown = document.getElementById("web-view-url");

const escaped = (value) => encodeURIComponent(value).replaceAll("%20", "+").replaceAll("%E2%80%A6", "…");

form?.addEventListener("input", () => {
  const parameters = [];
  for (const { name, value, placeholder } of form.elements) {
    const text = value || (name === "session_id" ? placeholder : "");
    if (name && text) parameters.push(`${name}=${escaped(text)}`);
  }
  if (!form.elements.embed_token) parameters.unshift(`embed_token=${form.dataset.token}`);
  shown.textContent = `${form.dataset.baseUrl}?${parameters.join("&")}`;
});

form?.addEventListener("submit", (event) => event.preventDefault()); // the URL is already shown
