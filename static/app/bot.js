// The trial beside a bot's form: Enter tries what was written, unless it is too long, and the talk stays at its end.
const messages = () => document.querySelector(".trial-messages");

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || event.target.id !== "say") return;
  event.preventDefault();
  document.getElementById("try").click();
});

const toEnd = () => messages()?.scrollTo({ top: messages().scrollHeight });

// What is said leaves its line as it is sent, so that the next can be written; if it did not arrive, it comes back.
const line = () => document.getElementById("say");
let said = "";

document.addEventListener("htmx:before:request", (event) => {
  const { ctx } = event.detail;
  if (ctx.sourceElement.id !== "try") return;
  if (!line().reportValidity()) return event.preventDefault();
  said = line().value;
  line().value = "";
});

for (const event of ["htmx:response:error", "htmx:error"]) {
  document.addEventListener(event, ({ detail: { ctx } }) => {
    if (ctx?.sourceElement?.id === "try") line().value ||= said;
  });
}

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.target?.id === "trial") toEnd();
  if (ctx.target?.id === "rule-rows") document.dispatchEvent(new CustomEvent("parley:rules"));
});

toEnd();
