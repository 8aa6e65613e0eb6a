// Reports which page of the host the reader is on, in single-page apps too.

const SETTLED = 500; // ms after a navigation, until a single-page app has set its title

export function watchPage(report) {
  let timer;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(report, SETTLED);
  };
  if (window.navigation) navigation.addEventListener("currententrychange", soon);
  else for (const event of ["popstate", "click"]) addEventListener(event, soon);
}
