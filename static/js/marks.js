/*
 * Attendance by keyboard: inside a set of marks the first letter of a word chooses it and goes on
 * to the next person. `data-mark-all="present"` on a button marks everybody who is unmarked.
 */
const sets = () => [...document.querySelectorAll("[data-marks]")];

document.addEventListener("keydown", (event) => {
  const set = event.target.closest?.("[data-marks]");
  if (!set || event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1) return;
  const choice = [...set.querySelectorAll("input")].find((input) => input.value.startsWith(event.key.toLowerCase()));
  if (!choice || choice.disabled) return;
  event.preventDefault();
  event.stopPropagation();
  choice.click();
  const all = sets();
  const next = all[all.indexOf(set) + 1];
  (next?.querySelector("input:checked") || next?.querySelector("input") || choice).focus();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-mark-all]");
  if (!button) return;
  event.preventDefault();
  for (const set of sets()) {
    if (set.querySelector("input:checked")) continue;
    set.querySelector(`input[value="${CSS.escape(button.dataset.markAll)}"]:not(:disabled)`)?.click();
  }
});
