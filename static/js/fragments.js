/*
 * When a part of the page could not be asked for: no connection, no answer in time, a fault of the
 * server, or its owner was signed off. A sentence stands beside the part with a button that asks
 * once more; the part and what was typed stay as they are. A refusal in the server's own words is
 * itself a part and stands in the place (`htmx-config` in components/head.html); a whole page never does.
 */
import { whose } from "./again.js";

const WORDS = {
  connection: "There is no connection, so this part could not be loaded. Look at your connection, then try again.",
  slow: "The server took too long, so this part could not be loaded. Try again.",
  server: "Something went wrong on our side, so this part could not be loaded. Try again in a moment.",
  page: "Something else came back than this part. Load the page again.",
  off: "You are still signed off. Sign in on a new tab, then try again.",
  other: "Somebody else is signed in on this device now. Sign in as yourself on a new tab, then try again.",
};
const OLD = " Until then, what is shown here may be out of date.";
const SIGNED_OFF = 401;
const sample = document.querySelector("template[data-beside]");
const shown = new WeakMap(); // part of the page -> what stands beside it
let leaving = false;

const clear = (part) => {
  const beside = shown.get(part);
  if (!beside) return;
  const focused = beside.contains(document.activeElement);
  beside.remove();
  shown.delete(part);
  if (!focused) return;
  part.tabIndex = -1;
  part.focus();
};

const say = (asked, words, off = false) => {
  const { target: part, requestConfig: { elt, verb, path } } = asked;
  if (leaving || !part.isConnected) return;
  const before = shown.get(part);
  const focused = before?.contains(document.activeElement);
  before?.remove();
  const beside = sample.content.firstElementChild.cloneNode(true);
  const stale = elt.getAttribute("hx-trigger") === "load" ? "" : OLD;
  const button = beside.querySelector("[data-beside-again]");
  beside.querySelector("[data-beside-words]").textContent = words + stale;
  beside.querySelector("[data-beside-sign-in]").hidden = !off;
  button.addEventListener("click", async () => {
    if (button.ariaDisabled === "true") return;
    button.ariaDisabled = "true";
    const said = off && sample.dataset.owner ? await whose(sample) : { state: "you" };
    if (said.state === "you") htmx.ajax(verb, path, { source: elt }).catch(() => {});
    else if (said.state === "unknown") say(asked, WORDS.connection, off);
    else say(asked, said.sentence || WORDS[said.state] || WORDS.off, true);
  });
  part.before(beside);
  shown.set(part, beside);
  if (focused) button.focus();
};

const sentenceOf = (html) => new DOMParser().parseFromString(html, "text/html").querySelector(".part-fault .notice-words")?.textContent.trim();

document.addEventListener("htmx:beforeSwap", (event) => {
  const asked = event.detail;
  const { status, responseText } = asked.xhr;
  const whole = /<html[\s>]/i.test(responseText);
  if (asked.shouldSwap && !whole) {
    clear(asked.target);
    return;
  }
  if (!asked.shouldSwap && !asked.isError) return;
  asked.shouldSwap = false;
  if (status === SIGNED_OFF) say(asked, sentenceOf(responseText) || WORDS.off, true);
  else say(asked, status < 500 ? WORDS.page : WORDS.server);
});
document.addEventListener("htmx:afterRequest", (event) => event.detail.successful && !/<html[\s>]/i.test(event.detail.xhr.responseText) && clear(event.detail.target));
document.addEventListener("htmx:sendError", (event) => say(event.detail, WORDS.connection));
document.addEventListener("htmx:timeout", (event) => say(event.detail, WORDS.slow));
addEventListener("pagehide", () => (leaving = true));
addEventListener("pageshow", () => (leaving = false));
