/*
 * What was typed does not stay on a tablet: it goes after 45 seconds without a touch, and when the
 * page comes back from the browser's memory.
 */
const QUIET = 45_000;
for (const form of document.querySelectorAll("form[data-kiosk]")) {
  let wait;
  const again = () => {
    clearTimeout(wait);
    wait = setTimeout(() => {
      form.reset();
      document.activeElement?.blur();
    }, QUIET);
  };
  for (const kind of ["input", "focusin", "pointerdown"]) form.addEventListener(kind, again);
  form.addEventListener("reset", () => clearTimeout(wait));
  addEventListener("pageshow", () => form.reset());
}
