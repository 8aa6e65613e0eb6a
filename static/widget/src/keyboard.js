// In an app's WebView a keyboard shrinks what is seen and not the page: the page follows, so that the field stays in
// sight. Inside of a frame the loader does this.
if (parent === window && window.visualViewport) {
  const follow = () => {
    if (Math.abs(visualViewport.scale - 1) > 0.01) return; // zoomed in
    document.documentElement.style.setProperty("--height", `${visualViewport.height}px`);
    scrollTo(0, 0);
  };
  visualViewport.addEventListener("resize", follow);
  visualViewport.addEventListener("scroll", follow);
}
