/*
 * Attendance by keyboard: inside a set of marks a letter chooses and goes on to the next person, up
 * and down move between people, left and right between marks as radio buttons do by themselves.
 * `data-mark-all="present"` on a button marks everybody who is unmarked.
 */
const LETTERS = { p: "present", l: "late", f: "left_early", e: "excused", d: "declined", a: "absent" };
const STEPS = { ArrowUp: -1, ArrowDown: 1 };
const sets = () => [...document.querySelectorAll("[data-marks]")];
const of = (set, value) => set.querySelector(`input[value="${CSS.escape(value)}"]:not(:disabled)`);

const go = (from, step, value) => {
  const all = sets();
  const set = all[all.indexOf(from) + step];
  if (!set) return;
  const input = set.querySelector("input:checked") || of(set, value) || set.querySelector("input");
  input.focus();
};

document.addEventListener("keydown", (event) => {
  const set = event.target.closest?.("[data-marks]");
  if (!set || event.ctrlKey || event.metaKey || event.altKey) return;
  const letter = LETTERS[event.key.toLowerCase()];
  const choice = letter && of(set, letter);
  if (!choice && !(event.key in STEPS)) return;
  event.preventDefault();
  event.stopPropagation();
  if (choice) {
    choice.focus();
    choice.click();
    go(set, 1, "present");
  } else {
    go(set, STEPS[event.key], event.target.value);
  }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-mark-all]");
  if (!button) return;
  event.preventDefault();
  for (const set of sets()) {
    if (!set.querySelector("input:checked")) of(set, button.dataset.markAll)?.click();
  }
});
