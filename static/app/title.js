// Shows how many conversations wait for the agent, in the title and as a dot on the icon. The list has the number.
function show() {
  const waiting = Number(document.getElementById("list")?.dataset.waiting ?? 0);
  const name = document.title.replace(/^\(\d+\+?\) /, "");
  const title = waiting ? `(${waiting > 99 ? "99+" : waiting}) ${name}` : name;
  if (document.title !== title) document.title = title;
  const icon = document.querySelector("link[rel=icon]");
  icon.dataset.plain ??= icon.getAttribute("href");
  const href = waiting ? icon.dataset.waiting : icon.dataset.plain;
  if (icon.getAttribute("href") !== href) icon.setAttribute("href", href);
}

document.addEventListener("htmx:after:swap", show);
show();
