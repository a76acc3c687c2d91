/* Reading by keyboard: j and k go from note to note, x ticks the one in view. */
const sheets = [...document.querySelectorAll("[data-review] [data-sheet]")];

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=checkbox]), textarea, select")) return;
  const here = sheets.indexOf(document.activeElement?.closest("[data-sheet]"));
  if (event.key === "j" || event.key === "k") {
    const next = sheets[Math.min(sheets.length - 1, Math.max(0, here + (event.key === "j" ? 1 : -1)))];
    next?.focus();
    next?.scrollIntoView({ block: "center" });
    event.preventDefault();
  } else if (event.key === "x" && here >= 0) {
    sheets[here].querySelector("[data-pick]")?.click();
    event.preventDefault();
  }
});
