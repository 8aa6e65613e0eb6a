// The form for messages that are more than text. Lists are written one item a line: "label = value" for a choice,
// "title | subtitle | image URL | label = value; label = value" for a card.
import { fetchNewer } from "./messages.js";
import { send } from "./send.js";
import { showError } from "./composer.js";
import { current } from "./thread.js";

const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

function choice(text) {
  const [label, value] = text.split("=").map((part) => part.trim());
  return { label, value: value || label };
}

function card(line) {
  const [title, subtitle, image_url, buttons] = line.split("|").map((part) => part.trim());
  return {
    title,
    ...(subtitle && { subtitle }),
    ...(image_url && { image_url }),
    ...(buttons && { buttons: buttons.split(";").filter((part) => part.trim()).map(choice) }),
  };
}

const media = {
  image: ({ url, alt }) => ({ url, ...(alt && { alt }) }),
  file: ({ url, filename }) => ({ url, filename }),
  quick_button: ({ buttons }) => ({ buttons: lines(buttons).map(choice) }),
  dropdown: ({ placeholder, options }) => ({
    ...(placeholder && { placeholder }),
    options: lines(options).map(choice),
  }),
  carousel: ({ cards }) => ({ cards: lines(cards).map(card) }),
};

function showFields(form) {
  const type = form.elements.content_type.value;
  for (const field of form.querySelectorAll("[data-for]")) field.hidden = !field.dataset.for.split(" ").includes(type);
}

function prepare() {
  const box = document.getElementById("rich-media");
  if (!box) return;
  box.hidden = false;
  showFields(document.getElementById("rich-media-form"));
}

async function submit(form) {
  const values = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]));
  const type = values.content_type;
  const ack = await send({
    conversation_id: current(),
    content_type: type,
    content: type === "file" ? values.filename : values.content,
    rich_media: media[type](values),
  });
  showError(ack.ok ? "" : ack.message);
  if (!ack.ok) return;
  form.reset();
  showFields(form);
  form.closest("details").open = false;
  fetchNewer();
}

document.addEventListener("change", ({ target }) => {
  if (target.id === "rich-type") showFields(target.form);
});

document.addEventListener("submit", (event) => {
  if (event.target.id !== "rich-media-form") return;
  event.preventDefault();
  submit(event.target);
});

document.addEventListener("parley:open", prepare);
prepare();
