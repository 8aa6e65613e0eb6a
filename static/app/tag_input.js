// Turns input[data-tags], which contains tags separated by commas, into a field of tags. The input stays the form's
// value, so without JavaScript the tags are typed there.
import { fit } from "./fuzzy.js";

const LONGEST = 50; // characters, as on the server
const MOST = 20; // tags of a conversation
const SUGGESTED = 6;

const split = (text) =>
  text
    .split(",")
    .map((tag) => tag.trim())
    .filter(Boolean);

function element(name, attributes = {}, ...content) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...content);
  return node;
}

const fields = new WeakMap(); // the original input → its field of tags

class TagField {
  constructor(input) {
    this.input = input;
    this.tags = split(input.value);
    // Tags the conversation already has are suggested only where they can be removed: in a field that begins with them.
    const set = this.tags.length ? [] : split(input.dataset.set ?? "");
    this.all = (JSON.parse(input.dataset.suggestions || "null") ?? []).filter((tag) => !set.includes(tag));
    this.id = input.id;
    this.chips = element("ul", { class: "tag-chips" });
    this.list = element("ul", {
      class: "tag-suggestions",
      role: "listbox",
      id: `${this.id}-list`,
      "aria-label": "Tags in use",
    });
    this.says = element("p", { class: "tag-says", role: "status" });
    this.entry = element("input", {
      class: "tag-entry",
      dir: "auto",
      autocomplete: "off",
      autocapitalize: "none",
      role: "combobox",
      "aria-expanded": "false",
      "aria-autocomplete": "list",
      "aria-controls": this.list.id,
      "aria-describedby": input.getAttribute("aria-describedby") ?? "",
    });
    this.box = element("div", { class: "tag-input input" }, this.chips, this.entry, this.list);
    input.removeAttribute("id"); // the label now belongs to the new field
    this.entry.id = this.id;
    input.hidden = true;
    input.before(this.box);
    this.field = input.closest(".field") ?? input.parentElement;
    this.field.setAttribute("hx-morph-skip", "");
    this.field.append(this.says);
    this.draw();
    this.suggest(false);
    this.entry.addEventListener("input", () => this.typed());
    this.entry.addEventListener("keydown", (event) => this.key(event));
    this.entry.addEventListener("blur", () => this.suggest(false));
    this.box.addEventListener("click", (event) => this.click(event));
    this.box.addEventListener("pointerdown", (event) => {
      if (event.target !== this.entry) event.preventDefault(); // the focus stays in the field
    });
  }

  remove() {
    this.box.remove();
    this.says.remove();
    this.input.id = this.id;
    this.input.hidden = false;
    this.field.removeAttribute("hx-morph-skip");
  }

  draw() {
    this.chips.replaceChildren(...this.tags.map((tag) => this.chip(tag)));
    this.store();
  }

  chip(tag) {
    const cross = element("button", { type: "button", "aria-label": `Remove ${tag}` });
    return element("li", { class: "tag-chip", "data-tag": tag }, element("bdi", {}, tag), cross);
  }

  // A tag that is still being typed is sent too.
  store() {
    this.input.value = [...this.tags, ...split(this.entry.value)].join(", ");
  }

  say(text, wrong = false) {
    this.says.textContent = text;
    this.says.classList.toggle("error", wrong);
    this.box.classList.toggle("tag-input-wrong", wrong);
    this.entry.setAttribute("aria-invalid", String(wrong));
  }

  // add adds the texts that it can, leaves the others in the field and says why.
  add(texts) {
    const left = [];
    for (const text of texts) {
      if ([...text].length > LONGEST) this.say(`A tag has at most ${LONGEST} characters.`, true);
      else if (this.tags.length >= MOST && !this.tags.includes(text))
        this.say(`A conversation has at most ${MOST} tags.`, true);
      else {
        if (!this.tags.includes(text)) this.tags.push(text);
        continue;
      }
      left.push(text);
    }
    this.entry.value = left.join(", ");
    if (!left.length) this.say("");
    this.draw();
    this.suggest(false);
  }

  takeOff(tag) {
    this.tags = this.tags.filter((other) => other !== tag);
    this.draw();
    this.say(`Removed ${tag}.`);
    this.entry.focus();
  }

  typed() {
    const parts = this.entry.value.split(",");
    if (parts.length > 1) {
      const last = parts.pop().trimStart();
      this.add(split(parts.join(",")));
      this.entry.value = this.entry.value ? `${this.entry.value}, ${last}` : last;
    } else if (this.says.textContent) {
      this.say("");
    }
    this.store();
    this.suggest(Boolean(this.entry.value.trim()));
  }

  suggest(open) {
    const query = this.entry.value.trim();
    const fits = open ? this.all.filter((tag) => !this.tags.includes(tag) && fit(tag, query) !== undefined) : [];
    fits.sort((a, b) => fit(a, query) - fit(b, query));
    this.list.replaceChildren(
      ...fits.slice(0, SUGGESTED).map((tag, i) => {
        const option = element("li", {
          role: "option",
          id: `${this.list.id}-${i}`,
          "aria-selected": "false",
          "data-tag": tag,
        });
        option.append(element("bdi", {}, tag));
        return option;
      }),
    );
    this.list.hidden = !fits.length;
    this.entry.setAttribute("aria-expanded", String(!this.list.hidden));
    this.entry.removeAttribute("aria-activedescendant");
  }

  active() {
    return this.list.querySelector("[aria-selected=true]");
  }

  move(by) {
    if (this.list.hidden) this.suggest(true);
    const options = [...this.list.children];
    if (!options.length) return;
    const from = options.indexOf(this.active());
    const to = options[from < 0 && by < 0 ? options.length - 1 : (from + by + options.length) % options.length];
    for (const option of options) option.setAttribute("aria-selected", String(option === to));
    this.entry.setAttribute("aria-activedescendant", to.id);
  }

  key(event) {
    if (event.isComposing) return;
    const { key } = event;
    if (key === "ArrowDown" || key === "ArrowUp") this.move(key === "ArrowDown" ? 1 : -1);
    else if (key === "Enter" && (this.active() || this.entry.value.trim()))
      this.add(this.active() ? [this.active().dataset.tag] : split(this.entry.value));
    else if (key === "Escape" && !this.list.hidden) this.suggest(false);
    else if (key === "Backspace" && !this.entry.value && this.tags.length) this.takeOff(this.tags.at(-1));
    else return; // Enter in an empty field sends the form, a second Escape closes the menu
    event.preventDefault();
    event.stopPropagation();
  }

  // Stops the event: when it reached the document, the pressed element would be gone, and the menu would take it for a
  // press outside.
  click(event) {
    event.stopPropagation();
    const tag = event.target.closest("[data-tag]")?.dataset.tag;
    if (event.target.closest("[role=option]")) this.add([tag]);
    else if (event.target.closest("button")) this.takeOff(tag);
    this.entry.focus();
  }
}

const inputs = () => document.querySelectorAll("input[data-tags]");

function enhance() {
  for (const input of inputs()) if (!fields.has(input)) fields.set(input, new TagField(input));
}

// A redraw keeps a field in an open menu, and replaces the others with what the server drew.
document.addEventListener("htmx:before:swap", () => {
  for (const input of inputs()) {
    if (!input.closest("details:not([open])")) continue;
    fields.get(input)?.remove();
    fields.delete(input);
  }
});

document.addEventListener("htmx:after:swap", enhance);
enhance();
