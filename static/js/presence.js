/*
 * Who else has this page open: `<p data-present="address" data-present-doing="writing" hidden>`
 * becomes "Linh T. is writing here too". Asked every ten seconds while the page is looked at;
 * asking keeps nobody signed in. When the server does not know us any more the document hears
 * `signed-off`, when somebody comes or goes `present` with their names.
 */
import { token } from "./token.js";

const EVERY = 10000;
const PATIENCE = 5000;
const place = document.querySelector('[data-present]:not([data-present=""])');

export const told = (names, doing) => {
  if (!names.length) return "";
  const all = names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names[0];
  return `${all} ${names.length > 1 ? "are" : "is"} ${doing} here too`;
};

export const show = (names) => {
  if (!place) return;
  const words = told(names, place.dataset.presentDoing || "working");
  if (place.textContent !== words) place.textContent = words;
  place.hidden = !words;
  document.dispatchEvent(new CustomEvent("present", { detail: names }));
};

const ask = async () => {
  if (document.hidden || !navigator.onLine) return;
  try {
    const answer = await fetch(place.dataset.present, {
      method: "POST",
      headers: { "X-CSRFToken": token(), Accept: "application/json" },
      credentials: "same-origin",
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (answer.type === "opaqueredirect") document.dispatchEvent(new Event("signed-off"));
    else if (answer.ok) show((await answer.json()).present);
  } catch {
    // Nothing depends on it: the next question may be answered.
  }
};

if (place) {
  ask();
  setInterval(ask, EVERY);
  document.addEventListener("visibilitychange", ask);
}
