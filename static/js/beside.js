/*
 * What stands beside a part of the page that did not come: a sentence, a button that asks once more,
 * and where its owner was signed off the way to sign in. The part and what was typed stay as they are.
 */
import { whose } from "./again.js";

export const WORDS = {
  connection: "There is no connection, so this part could not be loaded. Look at your connection, then try again.",
  slow: "The server took too long, so this part could not be loaded. Try again.",
  server: "Something went wrong on our side, so this part could not be loaded. Try again in a moment.",
  page: "Something else came back than this part. Load the page again.",
  off: "You are still signed off. Sign in on a new tab, then try again.",
  other: "Somebody else is signed in on this device now. Sign in as yourself on a new tab, then try again.",
};
const sample = document.querySelector("template[data-beside]");
const shown = new WeakMap(); // part of the page -> what stands beside it
let leaving = false;
addEventListener("pagehide", () => (leaving = true));
addEventListener("pageshow", () => (leaving = false));

export const clear = (part) => {
  const beside = shown.get(part);
  if (!beside) return;
  const focused = beside.contains(document.activeElement);
  beside.remove();
  shown.delete(part);
  if (!focused) return;
  part.tabIndex = -1;
  part.focus();
};

/* Beside the part: the words, and a button that does `again`; where its owner was signed off also
 * the way to sign in, and nothing is asked before they are back. What stands there now; null where
 * the page is going. */
export const tell = (part, words, again, off = false) => {
  if (leaving || !part.isConnected) return null;
  const before = shown.get(part);
  const focused = before?.contains(document.activeElement);
  before?.remove();
  const beside = sample.content.firstElementChild.cloneNode(true);
  const button = beside.querySelector("[data-beside-again]");
  beside.querySelector("[data-beside-words]").textContent = words;
  beside.querySelector("[data-beside-sign-in]").hidden = !off;
  button.addEventListener("click", async () => {
    if (button.ariaDisabled === "true") return;
    button.ariaDisabled = "true";
    const said = off && sample.dataset.owner ? await whose(sample) : { state: "you" };
    if (said.state === "you") again();
    else tell(part, said.state === "unknown" ? WORDS.connection : said.sentence || WORDS[said.state] || WORDS.off, again, true);
  });
  part.before(beside);
  shown.set(part, beside);
  if (focused) button.focus();
  return beside;
};

/* The server's own words for a refusal. */
export const sentenceOf = (html) => new DOMParser().parseFromString(html, "text/html").querySelector(".part-fault .notice-words")?.textContent.trim();
