// Building what is shown. Text is always a text node, so that nothing a message says is markup.
export function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

// written is what a person wrote: it has a direction of its own.
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

// icon shows one of the page's symbols. Its meaning stands beside it.
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

// web is an address people may be sent to, or nothing.
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

// loads says whether the page may load an image: over https, or from its own server. What comes over http anybody on the
// way can read and replace, and the page's policy refuses it.
export const loads = (raw) => /^https:/.test(web(raw)) || web(raw).startsWith(`${location.origin}/`);

// picture has its box before it loads: CSS gives it by the class of its frame. onBroken hears that it cannot be shown.
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
