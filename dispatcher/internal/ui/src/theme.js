// Runs before anything is painted, so that a page in the dark does not flash.
try {
  const theme = localStorage.getItem("webhook-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // A browser may forbid storage; then the system's theme it is.
}
