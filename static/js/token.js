/*
 * The page's token against forged requests: read where htmx keeps it, and renewed in every form
 * after a fresh sign-in, without leaving the page.
 */
const place = () => JSON.parse(document.body.getAttribute("hx-headers") || "{}");

export const token = () => place()["X-CSRFToken"] || "";

export const renew = (fresh) => {
  document.body.setAttribute("hx-headers", JSON.stringify({ ...place(), "X-CSRFToken": fresh }));
  for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.value = fresh;
};
