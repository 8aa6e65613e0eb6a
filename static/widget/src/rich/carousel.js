// Cards side by side, moved by swiping, buttons and arrow keys.
import { anchor, button, el, icon, loads, picture, web, written } from "../element.js";
import { t } from "../text.js";
import { buttonsOf } from "./buttons.js";

const reduced = matchMedia("(prefers-reduced-motion: reduce)");

function cardOf(entry, { image_url, title, subtitle, buttons }) {
  const card = el("li", "card");
  if (image_url) {
    const frame = el("div", "card-image");
    frame.append(
      loads(image_url)
        ? picture(image_url, "", () => frame.replaceChildren(icon("image-off")))
        : anchor("", web(image_url), icon("image-off"), el("span", "hidden-label", t("image"))),
    );
    card.append(frame);
  }
  card.append(written("p", "card-title", title));
  if (subtitle) card.append(written("p", "card-subtitle", subtitle));
  if (buttons?.length) card.append(buttonsOf(entry, buttons));
  return card;
}

export function carouselOf(entry, cards) {
  const row = el("ul", "cards", ...cards.map((card) => cardOf(entry, card)));
  const box = el("div", "carousel", row);
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", t("cards"));
  if (cards.length < 2) return box;
  row.tabIndex = 0;
  row.setAttribute("aria-label", t("cards"));

  let at = 0;
  const position = el("span", "carousel-position");
  position.setAttribute("role", "status");
  const back = button("carousel-step", () => go(at - 1), icon("chevron-left"));
  const on = button("carousel-step", () => go(at + 1), icon("chevron-right"));
  back.setAttribute("aria-label", t("previous"));
  on.setAttribute("aria-label", t("next"));

  function show(card) {
    at = card;
    position.textContent = t("position", { n: at + 1, total: cards.length });
    // A disabled button would lose the focus, so these only have aria-disabled.
    back.setAttribute("aria-disabled", String(at === 0));
    on.setAttribute("aria-disabled", String(at === cards.length - 1));
  }

  const start = (node) => node.getBoundingClientRect()[document.dir === "rtl" ? "right" : "left"];

  function go(card) {
    if (card < 0 || card >= cards.length) return;
    show(card);
    row.scrollBy({ left: start(row.children[card]) - start(row), behavior: reduced.matches ? "instant" : "smooth" });
  }

  // look finds the current card after a swipe or a change of focus. The first and last may not reach the middle.
  function look() {
    const from = Math.abs(row.scrollLeft);
    if (from < 2) return show(0);
    if (from > row.scrollWidth - row.clientWidth - 2) return show(cards.length - 1);
    const off = [...row.children].map((card) => Math.abs(start(card) - start(row)));
    show(off.indexOf(Math.min(...off)));
  }

  row.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!way || event.target !== row) return;
    event.preventDefault();
    go(at + (document.dir === "rtl" ? -way : way));
  });
  row.addEventListener("onscrollend" in window ? "scrollend" : "scroll", look);

  new ResizeObserver(() => box.classList.toggle("fits", row.scrollWidth <= row.clientWidth)).observe(row);

  show(0);
  box.append(el("div", "carousel-steps", back, position, on));
  return box;
}
