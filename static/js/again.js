/*
 * Whose session this is now, and signing in again without leaving the page. The page carries a
 * signed token of whom it belongs to; only that person can sign in here. Meanwhile the dialog
 * covers the page, and it also goes on when its owner signs in on another tab.
 */
import { renew, token } from "./token.js";

const PATIENCE = 8000;
const LOOK_EVERY = 4000;

const send = async (page, body) => {
  let answer;
  try {
    answer = await fetch(page.dataset.again, {
      method: body ? "POST" : "GET",
      body,
      headers: { "X-CSRFToken": token(), "X-Page-Owner": page.dataset.owner, Accept: "application/json" },
      credentials: "same-origin",
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch (fault) {
    return { state: "unknown", offline: fault.name !== "TimeoutError" };
  }
  try {
    const said = await answer.json();
    if (said.token) renew(said.token, said.here !== false);
    return said;
  } catch {
    return { state: "unknown" };
  }
};

/* { state: you | nobody | other | too-old | unknown, name, keys, here, offline }; `here`: the program
 * that is worked in is still the page's. */
export const whose = (page) => send(page);

let open = null;

/* Resolves with the state `you` or `other` once somebody is signed in. */
export const signIn = (page) => {
  open ??= new Promise((done) => {
    const sample = document.querySelector("template[data-sign-in-here]");
    const dialog = sample.content.firstElementChild.cloneNode(true);
    document.body.append(dialog);
    const fields = dialog.querySelector("form");
    const fault = dialog.querySelector("[data-sign-in-fault]");
    const steps = { password: dialog.querySelector("[data-step=password]"), code: dialog.querySelector("[data-step=code]") };
    let step = "password";
    let ended = false;
    const to = (next) => {
      step = next;
      for (const [name, place] of Object.entries(steps)) place.hidden = name !== next;
      steps[next].querySelector("input").focus();
    };
    const show = () => {
      dialog.showModal();
      to(step);
    };
    const end = (said) => {
      clearInterval(looking);
      removeEventListener("focus", look);
      ended = true;
      open = null;
      dialog.close();
      dialog.remove();
      done(said);
    };
    const look = async () => {
      if (document.hidden) return;
      const said = await whose(page);
      if (!ended && (said.state === "you" || said.state === "other")) end(said);
    };
    const submit = async (event) => {
      event.preventDefault();
      const button = fields.querySelector("button");
      const field = steps[step].querySelector("input");
      button.disabled = true;
      const said = await send(page, new URLSearchParams({ [step]: field.value }));
      if (ended) return; // meanwhile on another tab
      button.disabled = false;
      field.value = "";
      fault.textContent = said.state === "unknown" ? "There is no connection. What you entered stays here; try again." : said.sentence || "";
      fault.hidden = !fault.textContent;
      if (said.state === "you" || said.state === "other") end(said);
      else to(said.state === "code" ? "code" : said.state === "nobody" ? "password" : step);
    };
    const looking = setInterval(look, LOOK_EVERY);
    addEventListener("focus", look);
    fields.addEventListener("submit", submit);
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    // A browser lets a second Escape through, and a click beside a dialog closes it.
    dialog.addEventListener("close", () => ended || show());
    show();
  });
  return open;
};
