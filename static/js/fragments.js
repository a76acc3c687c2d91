/*
 * When a part of the page could not be asked for by htmx: no connection, no answer in time, a fault
 * of the server, or its owner was signed off. That is said beside the part. A refusal in the
 * server's own words is itself a part and stands in the place (`htmx-config` in
 * components/head.html); a whole page never does.
 */
import { clear, sentenceOf, tell, WORDS } from "./beside.js";

const OLD = " Until then, what is shown here may be out of date.";
const SIGNED_OFF = 401;

const say = (asked, words, off = false) => {
  const { elt, verb, path } = asked.requestConfig;
  const old = elt.getAttribute("hx-trigger") === "load" ? "" : OLD;
  tell(asked.target, words + old, () => htmx.ajax(verb, path, { source: elt }).catch(() => {}), off);
};

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
