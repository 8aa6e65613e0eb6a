// Builds elements. Text is always a text node, so that nothing in a message becomes markup.
export function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

// written builds an element for text that a person wrote. It has a text direction of its own.
export function written(tag, className, text) {
  const node = el(tag, className, text);
  node.dir = "auto";
  return node;
}

export function button(className, onClick, ...children) {
  const node = el("button", className, ...children);
  node.type = "button";
  node.addEventListener("click", onClick);
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

// icon draws one of the page's symbols. A text beside it says what it means.
export function icon(name, size = 20) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("width", size);
  svg.setAttribute("height", size);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

// web returns the URL if its scheme is safe to open, else an empty string.
export function web(raw, schemes = ["https:", "http:"]) {
  try {
    const url = new URL(raw, location.href);
    return schemes.includes(url.protocol) ? url.href : "";
  } catch {
    return "";
  }
}

export function anchor(className, href, ...children) {
  const node = el("a", className, ...children);
  if (href) node.href = href;
  node.target = "_blank";
  node.rel = "noopener noreferrer nofollow";
  return node;
}

// loads reports whether the page may load an image: over https, or from its own server. The page's policy refuses http,
// which anyone on the network can read and replace.
export const loads = (raw) => /^https:/.test(web(raw)) || web(raw).startsWith(`${location.origin}/`);

// picture builds an image. CSS gives its frame a size before it loads. onBroken is called if it can't be shown.
export function picture(url, alt, onBroken) {
  const img = document.createElement("img");
  img.loading = "lazy";
  img.decoding = "async";
  img.referrerPolicy = "no-referrer";
  img.alt = alt;
  img.addEventListener("error", onBroken, { once: true });
  img.src = web(url) || "data:,";
  return img;
}
