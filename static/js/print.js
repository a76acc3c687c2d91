/* `data-print` on a button prints the page; it shows only where scripts run. */
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
