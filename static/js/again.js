/*
 * Whose session this is now, and signing in again without leaving the page. The page carries a
 * signed token of whom it belongs to; only that person can sign in here. Meanwhile the dialog
 * covers the page, and it also goes on when its owner signs in on another tab.
 */
import { renew, token } from "./token.js";

const PATIENCE = 8000;
const LOOK_EVERY = 4000;

const send = async (form, body) => {
  try {
    const answer = await fetch(form.dataset.again, {
      method: body ? "POST" : "GET",
      body,
      headers: { "X-CSRFToken": token(), "X-Page-Owner": form.dataset.owner, Accept: "application/json" },
      credentials: "same-origin",
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
    });
    const said = await answer.json();
    if (said.token) renew(said.token);
    return said;
  } catch {
    return { state: "unknown" };
  }
};

/* { state: you | nobody | other | too-old | unknown, name, keys } */
export const whose = (form) => send(form);

let open = null;

/* Resolves with the state `you` or `other` once somebody is signed in. */
export const signIn = (form) => {
  open ??= new Promise((done) => {
    const dialog = document.querySelector("[data-sign-in]");
    const fields = dialog.querySelector("form");
    const fault = dialog.querySelector("[data-sign-in-fault]");
    const steps = { password: dialog.querySelector("[data-step=password]"), code: dialog.querySelector("[data-step=code]") };
    let step = "password";
    const to = (next) => {
      step = next;
      for (const [name, place] of Object.entries(steps)) place.hidden = name !== next;
      steps[next].querySelector("input").focus();
    };
    const end = (said) => {
      clearInterval(looking);
      removeEventListener("focus", look);
      fields.removeEventListener("submit", submit);
      fields.reset();
      dialog.close();
      open = null;
      done(said);
    };
    const look = async () => {
      if (document.hidden) return;
      const said = await whose(form);
      if (open && (said.state === "you" || said.state === "other")) end(said);
    };
    const submit = async (event) => {
      event.preventDefault();
      const button = fields.querySelector("button");
      const field = steps[step].querySelector("input");
      button.disabled = true;
      const said = await send(form, new URLSearchParams({ [step]: field.value }));
      button.disabled = false;
      field.value = "";
      fault.textContent = said.state === "unknown" ? "There is no connection. Your text stays here; try again." : said.sentence || "";
      fault.hidden = !fault.textContent;
      if (said.state === "you" || said.state === "other") end(said);
      else to(said.state === "code" ? "code" : said.state === "nobody" ? "password" : step);
    };
    const looking = setInterval(look, LOOK_EVERY);
    addEventListener("focus", look);
    fields.addEventListener("submit", submit);
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    fault.hidden = true;
    dialog.showModal();
    to("password");
  });
  return open;
};
