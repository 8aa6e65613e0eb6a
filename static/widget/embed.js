// The loader a site includes: puts the chat's frame on the page. Same file for every site, no dependency.
(function () {
  "use strict";
  var script = document.currentScript;
  if (!script || !script.hasAttribute("data-embed-token")) script = document.querySelector("script[data-embed-token]");
  var token = script && script.getAttribute("data-embed-token");
  if (!token) {
    console.warn("Parley: the script tag has no data-embed-token.");
    return;
  }

  // A second tag with the same token would put a second chat over the first.
  var loaded = (window.__parley = window.__parley || {});
  if (loaded[token]) return;
  loaded[token] = true;

  function newSessionID() {
    if (crypto.randomUUID) return crypto.randomUUID(); // only on https
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), function (byte) {
      return (byte + 256).toString(16).slice(1);
    }).join("");
  }

  // Where storage is blocked the conversation lasts as long as the page.
  function sessionID() {
    var key = "cw_sid_" + token;
    var id;
    try {
      id = localStorage.getItem(key);
      if (!id) localStorage.setItem(key, (id = newSessionID()));
    } catch (_) {}
    return id || newSessionID();
  }

  function insert() {
    var frame = document.createElement("iframe");
    frame.title = "Chat";
    frame.src =
      new URL(script.src).origin +
      "/chat-widget?embed_token=" +
      encodeURIComponent(token) +
      "&session_id=" +
      encodeURIComponent(sessionID());
    frame.setAttribute("sandbox", "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox");
    // Property by property: a host's policy may forbid style attributes, but not this.
    Object.assign(frame.style, {
      position: "fixed",
      bottom: "0",
      right: "0",
      width: "380px",
      height: "560px",
      maxWidth: "100vw",
      maxHeight: "100vh",
      border: "none",
      zIndex: "2147483647",
      borderRadius: "12px 12px 0 0",
      boxShadow: "0 8px 32px rgba(0,0,0,0.18)",
      colorScheme: "normal",
    });
    document.body.appendChild(frame);
  }

  if (document.body) insert();
  else document.addEventListener("DOMContentLoaded", insert);
})();
