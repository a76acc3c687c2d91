/*
 * Planning a series: the dates follow what is typed (htmx asks for them), so the preview button is
 * only for pages without script. Choosing a group brings its number of places along.
 */
const form = document.getElementById("series-form");
const dates = document.getElementById("dates");

for (const button of form.querySelectorAll("[data-preview]")) button.hidden = true;
document.addEventListener("htmx:load", () => {
  if (!dates.querySelector(".dates") && form.elements.group.value) dates.dispatchEvent(new Event("series-ready"));
}, { once: true });
