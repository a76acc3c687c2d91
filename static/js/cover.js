/*
 * Somebody else signed in on this device: nothing of the page's owner stays to be seen or sent. When
 * the owner is back the page is as it was, or, with `anew`, loaded again.
 */
import { whose } from "./again.js";

const LOOK_EVERY = 10000;
let covered = false;

/* `page` says whose it is; `kept`: what was written stands encrypted on the device; `anew`: nothing
 * stands in the page alone, so it is taken out of it. */
export const cover = (page, name, { kept = false, anew = false, back = () => {} } = {}) => {
  if (covered) return;
  covered = true;
  const words = document.querySelector("template[data-covered]").content.cloneNode(true);
  words.querySelector("[data-covered-by]").textContent = name || "Somebody else";
  words.querySelector("[data-covered-kept]").hidden = !kept;
  words.querySelector("[data-covered-here]").hidden = anew;
  const main = document.querySelector("main");
  const hidden = anew ? [] : [...main.childNodes].filter((node) => node.hidden === false);
  const { title } = document;
  if (anew) main.replaceChildren(words);
  else {
    for (const node of hidden) node.hidden = true;
    main.append(words);
  }
  document.title = "Covered";
  main.focus();
  const look = async () => {
    if (document.hidden || (await whose(page)).state !== "you" || !covered) return;
    covered = false;
    clearInterval(looking);
    removeEventListener("focus", look);
    document.removeEventListener("visibilitychange", look);
    if (anew) {
      location.reload();
      return;
    }
    document.querySelector("[data-cover]").remove();
    for (const node of hidden) node.hidden = false;
    document.title = title;
    back();
  };
  const looking = setInterval(look, LOOK_EVERY);
  addEventListener("focus", look);
  document.addEventListener("visibilitychange", look);
};
