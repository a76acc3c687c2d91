/*
 * Panels are <details data-panel>: they open without script. With it, one is open at a time,
 * and a click elsewhere or Escape closes it and gives the focus back.
 */
const open = () => document.querySelectorAll("details[data-panel][open]");

document.addEventListener("click", (event) => {
  for (const panel of open()) if (!panel.contains(event.target)) panel.open = false;
});

document.addEventListener("focusin", (event) => {
  for (const panel of open()) if (!panel.contains(event.target)) panel.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const panel of open()) {
    panel.open = false;
    panel.querySelector("summary").focus();
  }
});

// A row of tabs wider than the screen begins with the one that is open.
for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
  const row = tab.closest(".tabs");
  row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
}
