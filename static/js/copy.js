/*
 * `data-copy="id"` copies the value of a field and says so; it shows only where that works.
 * `data-select` marks all of a field as soon as it is touched.
 */
for (const field of document.querySelectorAll("[data-select]")) {
  field.addEventListener("focus", () => field.select());
}
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  const word = button.querySelector("[data-copy-word]");
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(field.value);
      word.textContent = "Copied";
    } catch {
      field.focus();
      word.textContent = "Marked: copy it with your keyboard";
    }
    word.setAttribute("role", "status");
  });
}
