/*
 * Planning a series: the dates follow what is typed (htmx asks for them). Until they stand there,
 * the form's own button is the main one; then saving is, and the button says what else it can do.
 */
const form = document.getElementById("series-form");
const dates = document.getElementById("dates");

const lead = () => {
  const shown = Boolean(dates.querySelector(".dates"));
  for (const button of form.querySelectorAll("[data-preview]")) button.classList.toggle("main", !shown);
  if (!shown) return;
  // Every date has a verdict, so nothing is missing any more.
  for (const said of form.querySelectorAll(".form-errors, .field-error")) said.remove();
  for (const field of form.querySelectorAll(".is-invalid")) {
    field.classList.remove("is-invalid");
    field.removeAttribute("aria-invalid");
  }
};

dates.addEventListener("htmx:afterSwap", lead);
lead();
document.addEventListener("htmx:load", () => {
  if (!dates.querySelector(".dates") && form.elements.group.value) dates.dispatchEvent(new Event("series-ready"));
}, { once: true });
