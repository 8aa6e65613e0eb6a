// The trial chat beside a bot's form: Enter sends the text to the bot unless it is too long, and the messages stay
// scrolled to the end.
const messages = () => document.querySelector(".trial-messages");

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || event.target.id !== "say") return;
  event.preventDefault();
  document.getElementById("try").click();
});

const toEnd = () => messages()?.scrollTo({ top: messages().scrollHeight });

// The field is emptied as its text is sent, so that the next can be typed. If the request fails, the text returns.
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
