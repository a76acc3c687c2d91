/*
 * Planning a series: the dates follow what is typed (htmx asks for them). Until they stand there,
 * the form's own button is the main one; then saving is, and the button says what else it can do.
 * Whoever leads is not offered as co-facilitator, and only the steps of the chosen group are.
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

const offer = () => {
  for (const box of form.querySelectorAll('input[name="co"]')) {
    const leads = box.value === form.elements.lead.value && box.value !== "";
    if (leads) box.checked = false;
    box.disabled = leads;
    box.closest(".chip, .form-check").hidden = leads;
  }
  const steps = form.elements.first_item;
  if (!steps) return;
  const group = form.elements.group.selectedOptions[0];
  let any = false;
  for (const of of steps.querySelectorAll("optgroup")) {
    const fits = Boolean(group?.value) && of.label === group.text;
    of.hidden = of.disabled = !fits;
    any ||= fits;
  }
  if (steps.selectedOptions[0]?.closest("optgroup")?.disabled) steps.value = "";
  steps.closest(".field").hidden = !any;
};

form.addEventListener("change", offer, true);
offer();
dates.addEventListener("htmx:afterSwap", lead);
lead();
document.addEventListener("htmx:load", () => {
  if (!dates.querySelector(".dates") && form.elements.group.value) dates.dispatchEvent(new Event("series-ready"));
}, { once: true });
