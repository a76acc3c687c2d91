/*
 * Small kindnesses of forms: `data-auto` sends a filter form as it changes; `data-guard` warns
 * before typed words are left behind; a second press of the same button sends nothing; what was
 * entered is not lost when the sign-in has expired (hold.js). After a form came back with errors,
 * the first of them has the focus.
 */
import { holds, mayGo } from "./hold.js";

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
document.addEventListener("input", ({ target }) => {
  if (target.form?.hasAttribute("data-guard")) dirty.add(target.form);
});
addEventListener("beforeunload", (event) => {
  if (dirty.size) event.preventDefault();
});

const release = (form) => {
  delete form.dataset.sent;
  form.removeAttribute("aria-busy");
};
/* The same button again, or the one that stands in its place since a part of the page came anew. */
const press = (form, button) => {
  const alike = (one) => one.type === "submit" && one.name === button.name && one.value === button.value;
  const there = !button || button.form === form ? button : [...form.elements].find(alike);
  if (there !== undefined) form.requestSubmit(there);
};
const asked = new Set(); // forms that may go
document.addEventListener("submit", async (event) => {
  const form = event.target;
  const { submitter } = event;
  const goes = asked.delete(form) || !holds(form);
  if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  form.setAttribute("aria-busy", "true");
  if (goes) {
    dirty.delete(form);
    return;
  }
  event.preventDefault();
  const may = await mayGo(form, () => press(form, submitter));
  release(form);
  if (!may) return;
  asked.add(form);
  press(form, submitter);
  asked.delete(form);
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) release(form);
});

document.querySelector("main .is-invalid:not([type=hidden])")?.focus();
