/*
 * One tap tells somebody: `[data-safety-tap="id"]` sends the form of its page in the background and
 * shows the answer in the element of that id; nothing that is being typed is sent or lost. What it
 * says is true: as long as nobody could be told it says so, goes on trying, and gives the number to
 * call. Words added afterwards stay in their field until they are stored. Without script the button
 * opens the concern's own page in another tab.
 */
import { token } from "./token.js";

const form = document.querySelector("[data-safety-taps]");
const AGAIN = 3000;
const LOOK = 15000;
const PATIENCE = 8000;

const made = (tag, words = "", name = "") => {
  const element = document.createElement(tag);
  element.className = name;
  element.textContent = words;
  return element;
};

const call = () => {
  const phone = form.dataset.phone;
  if (!phone) return [" Get somebody of the team now."];
  const link = made("a", phone);
  link.href = `tel:${phone}`;
  return [" Call ", link, " now."];
};

/* What the server said, or why it could not be asked. */
const send = async (address, fields) => {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  try {
    const answer = await fetch(address, {
      method: "POST",
      body,
      headers: { Accept: "application/json", "X-CSRFToken": token() || form.elements.csrfmiddlewaretoken.value },
      credentials: "same-origin",
      redirect: "manual",
      keepalive: !("words" in fields), // a tap goes out even if the page goes; long words may not
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (answer.type === "opaqueredirect" || answer.status === 403) {
      // Where the page can sign somebody in again in place, it does so now.
      document.dispatchEvent(new Event("signed-off"));
      return { why: "you were signed off", away: true };
    }
    if (answer.ok || answer.status === 422) return await answer.json();
    return { why: "the server had a fault", gone: answer.status === 404 };
  } catch (fault) {
    if (fault.name === "TimeoutError") return { why: "no answer", unsure: true };
    return { why: fault instanceof SyntaxError ? "the server had a fault" : "no connection" };
  }
};

const say = (place, kind, ...parts) => {
  const line = made("p", "", `safety-line ${kind}`);
  const words = made("span");
  words.append(...parts);
  line.append(words);
  place.replaceChildren(line);
  place.hidden = false;
};

/* What is typed here is no part of the form around it. */
const keepApart = (place) => {
  for (const kind of ["input", "change", "keydown"]) place.addEventListener(kind, (event) => event.stopPropagation());
};

const unsent = (place) => [...place.querySelectorAll("[data-safety-words]")].some((field) => field.value.trim());

/* Where the answer appears; beside the button where the page has no place for it. */
const placeOf = (button) => {
  const there = document.getElementById(button.dataset.safetyTap);
  if (there) return there;
  const place = made("div", "", "safety-said");
  place.id = button.dataset.safetyTap;
  place.setAttribute("role", "status");
  keepApart(place);
  (button.closest(".dock, .person-head, p") || button).after(place);
  return place;
};

const tap = async (button) => {
  const place = placeOf(button);
  if (button.getAttribute("aria-busy") === "true" || unsent(place)) {
    place.hidden = false;
    place.scrollIntoView({ block: "nearest" });
    return;
  }
  button.setAttribute("aria-busy", "true");
  say(place, "wait", "Telling somebody…");
  place.scrollIntoView({ block: "nearest" });
  for (;;) {
    const said = await send(form.action, { participant: button.value });
    if (said.html) {
      place.innerHTML = said.html;
      break;
    }
    if (said.refused || said.gone) {
      say(place, "stop", made("b", "Nobody was told."), ` ${said.refused || "Load the page again."}`, ...(said.refused ? [] : call()));
      break;
    }
    const known = said.unsure ? "It is not certain yet that somebody is told" : "Nobody is told yet";
    const parts = [made("b", `${known}: ${said.why}.`), " Still trying.", ...call()];
    if (said.away) {
      const link = made("a", "Sign in in another tab");
      link.href = form.dataset.signIn;
      link.target = "_blank";
      link.rel = "noopener";
      parts.push(" ", link, " if nothing asks you here, then load this page again.");
    }
    say(place, "stop", ...parts);
    await new Promise((go) => setTimeout(go, AGAIN));
  }
  button.removeAttribute("aria-busy");
  place.scrollIntoView({ block: "nearest" });
};

const act = async (button) => {
  const place = button.closest(".safety-said");
  const note = place.querySelector("[data-safety-note]");
  const field = place.querySelector("[data-safety-words]");
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  const adding = button.dataset.safetyAct === "add";
  const kept = field.value;
  const said = await send(button.getAttribute("formaction"), adding ? { words: kept } : {});
  button.removeAttribute("aria-busy");
  if (said.html) {
    // What was typed while the words were under way, or beside another button, stays.
    const typed = adding && field.value === kept ? "" : field.value;
    place.innerHTML = said.html;
    const next = place.querySelector("[data-safety-words]");
    if (next) next.value = typed;
    return;
  }
  note.className = "safety-note stop";
  const known = said.unsure ? "Not certain that it is stored" : "Not stored";
  note.textContent = said.refused || `${known}: ${said.why}. Your words stay here; try again.`;
};

/* Who raised it learns where they are that somebody acts. */
const look = async () => {
  if (document.hidden) return;
  for (const line of document.querySelectorAll("[data-safety-look]")) {
    try {
      const answer = await fetch(line.dataset.safetyLook, {
        headers: { Accept: "application/json" },
        redirect: "manual",
        signal: AbortSignal.timeout(PATIENCE),
      });
      if (!answer.ok) continue;
      const said = await answer.json();
      if (line.innerHTML.trim() !== said.html.trim()) line.innerHTML = said.html;
      if (said.answered) delete line.dataset.safetyLook;
    } catch {
      // The next look may be answered.
    }
  }
};

if (form) {
  setInterval(look, LOOK);
  document.addEventListener("visibilitychange", look);
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-safety-tap], [data-safety-act]");
    if (!button) return;
    event.preventDefault();
    button.dataset.safetyTap ? tap(button) : act(button);
  });
  document.querySelectorAll(".safety-said").forEach(keepApart);
  addEventListener("beforeunload", (event) => {
    if ([...document.querySelectorAll(".safety-said")].some(unsent)) event.preventDefault();
  });
}
