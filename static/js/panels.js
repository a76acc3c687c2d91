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
