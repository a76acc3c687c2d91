/*
 * The page's token against forged requests: read where htmx keeps it, and renewed after a fresh
 * sign-in, without leaving the page. Forms get the new one only where the program that is worked in
 * is still the page's: a form is saved only in the program in which it was opened.
 */
const place = () => JSON.parse(document.body.getAttribute("hx-headers") || "{}");

export const token = () => place()["X-CSRFToken"] || "";

export const renew = (fresh, forms) => {
  document.body.setAttribute("hx-headers", JSON.stringify({ ...place(), "X-CSRFToken": fresh }));
  if (!forms) return;
  for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.value = fresh;
};
