// Tells on which page of the host the reader is, in single-page apps too.

const SETTLED = 500; // ms after a navigation, until a single-page app has set its title

export function watchPage(tell) {
  let timer;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(tell, SETTLED);
  };
  if (window.navigation) navigation.addEventListener("currententrychange", soon);
  else for (const event of ["popstate", "hashchange", "click"]) addEventListener(event, soon);
}
