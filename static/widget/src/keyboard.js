// In an app's WebView the keyboard shrinks the visual viewport but not the page. The page takes its height, so that the
// field stays visible. Inside a frame the loader does this.
if (parent === window && window.visualViewport) {
  const follow = () => {
    if (Math.abs(visualViewport.scale - 1) > 0.01) return; // zoomed in
    document.documentElement.style.setProperty("--height", `${visualViewport.height}px`);
    scrollTo(0, 0);
  };
  visualViewport.addEventListener("resize", follow);
  visualViewport.addEventListener("scroll", follow);
}
