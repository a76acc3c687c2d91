/*
 * What was typed or marked is sent only while the one who did it is signed in. Before a form with
 * fields goes, the page asks whose session this is. Nobody's: its owner signs in over the page, then
 * it goes. Somebody else's: it does not go in their name, and the page is covered until its owner is
 * back. Another program's: it would land there, so it waits. Where the server cannot say, the form
 * goes as it always did, and the server decides; without a connection it stays and says so.
 */
import { signIn, whose } from "./again.js";
import { clear, tell } from "./beside.js";
import { cover } from "./cover.js";

const WORDS = {
  offline: "There is no connection, so nothing was sent. What you entered stays here. Look at your connection, then try again.",
  elsewhere: "You work in another program now, so nothing was sent. What you entered stays here. Change back on a new tab, then try again.",
};
const ENTERED = "input:not([type=hidden], [type=submit], [type=button]), select, textarea";
const page = document.querySelector("template[data-beside]"); // it says whose page this is

/* A form of a signed-in page with something to lose. */
export const holds = (form) => Boolean(page?.dataset.owner) && form.method === "post" && [...form.elements].some((field) => field.matches(ENTERED));

const settle = async () => {
  const said = await whose(page);
  const now = said.state === "nobody" ? await signIn(page) : said;
  if (now.state === "other") cover(page, now.name);
  return now;
};

/* Whether the form may go now. If not, that is said, beside a button that does `again`. */
export const mayGo = async (form, again) => {
  const said = await settle();
  const words = said.state === "you" ? !said.here && WORDS.elsewhere : said.state === "unknown" ? said.offline && WORDS.offline : said.sentence;
  if (!words) {
    clear(form);
    return said.state !== "other";
  }
  tell(form, words, again)?.scrollIntoView({ block: "center" });
  return false;
};

/* Where somebody may be entering something, the page does not wait for them to send it. The page of
 * notes looks itself. */
let looking = null;
document.addEventListener("signed-off", (event) => {
  if (document.querySelector("[data-note]") || ![...document.forms].some(holds)) return;
  event.preventDefault();
  looking ??= settle().finally(() => (looking = null));
});
