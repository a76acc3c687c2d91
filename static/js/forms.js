/*
 * Three small kindnesses of forms: `data-auto` sends a filter form as it changes; `data-guard`
 * warns before typed words are left behind; a second press of the same button sends nothing.
 * After a form came back with errors, the first of them has the focus.
 */
for (const form of document.querySelectorAll("form[data-auto]")) {
  let wait;
  const send = () => {
    clearTimeout(wait);
    form.requestSubmit();
  };
  for (const button of form.querySelectorAll("[data-auto-hide]")) button.hidden = true;
  form.addEventListener("change", send);
  form.addEventListener("input", (event) => {
    if (event.target.type !== "search" || !form.hasAttribute("hx-get")) return;
    clearTimeout(wait);
    wait = setTimeout(send, 400);
  });
  form.addEventListener("submit", () => {
    for (const field of form.elements) if (field.name && field.value === "" && field.type !== "submit") field.disabled = true;
    setTimeout(() => {
      for (const field of form.elements) field.disabled = false;
    });
  });
}

const dirty = new Set();
const guarded = new Set(document.querySelectorAll("form[data-guard]"));
// Fields may belong to a form and stand elsewhere on the page.
document.addEventListener("input", ({ target }) => {
  if (guarded.has(target.closest('form'))) dirty.add(target.form);
});
for (const form of guarded) {
  form.addEventListener("submit", () => dirty.delete(form));
  form.addEventListener("saved", () => dirty.delete(form));
}
addEventListener("beforeunload", (event) => {
  if (dirty.size) event.preventDefault();
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  form.setAttribute("aria-busy", "true");
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  }
});

document.querySelector("main .is-invalid:not([type=hidden])")?.focus();
