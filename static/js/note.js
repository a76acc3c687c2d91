/*
 * Notes are saved as they are typed: two seconds after the last stroke, five at most after the
 * first. The line above says what is true: saving, saved at a time of the server, or not saved and
 * why. What fails is tried again; what somebody else changed is never overwritten: then the button
 * “Save” shows both texts. Without script the button does it all.
 */
const form = document.querySelector("[data-note]");
const PAUSE = 2000;
const LONGEST = 5000;
const AGAIN = 5000;

if (form) {
  const line = form.querySelector("[data-saved]");
  const words = line.querySelector("[data-saved-words]");
  let typed = 0; // counts changes; what a save carried is compared with it afterwards
  let kept = 0;
  let firstAt = 0;
  let timer = 0;
  let busy = false;
  let stopped = false;

  const say = (state, text) => {
    line.dataset.state = state;
    line.querySelector(".icon")?.remove();
    words.textContent = text;
  };

  const plan = (wait) => {
    clearTimeout(timer);
    timer = setTimeout(() => save(), wait);
  };

  const save = async (leaving = false) => {
    clearTimeout(timer);
    if (stopped || busy || typed === kept) return;
    busy = true;
    const carried = typed;
    say("saving", "Saving…");
    try {
      const answer = await fetch(form.action || location.href, {
        method: "POST",
        body: new FormData(form),
        headers: { Accept: "application/json" },
        credentials: "same-origin",
        redirect: "manual",
        keepalive: leaving === true,
      });
      if (answer.type === "opaqueredirect" || answer.status === 403) {
        say("lost", "Not saved: you were signed off. Sign in again in another tab; your text stays here.");
        plan(AGAIN);
      } else if (answer.status === 409) {
        const said = await answer.json();
        stopped = true;
        say("lost", said.faulty.length ? "Not saved: a text is too long. Press Save to see where." : "Not saved: somebody else changed these notes. Press Save to see both.");
      } else if (answer.status === 422) {
        stopped = true;
        say("lost", `Not saved. ${(await answer.json()).refused || "Press Save to see why."}`);
      } else if (!answer.ok) {
        say("lost", "Not saved: the server had a fault. Still trying; your text stays here.");
        plan(AGAIN);
      } else {
        const said = await answer.json();
        for (const [key, version] of Object.entries(said.versions)) {
          const field = form.elements[`${key}-version`];
          if (field) field.value = version;
        }
        kept = carried;
        firstAt = 0;
        if (typed === kept) say("saved", `Saved ${said.at}`);
        else {
          say("waiting", "Not saved yet…");
          plan(PAUSE);
        }
      }
    } catch {
      say("lost", "Not saved: no connection. Still trying; your text stays here.");
      plan(AGAIN);
    } finally {
      busy = false;
    }
  };

  const changed = () => {
    typed += 1;
    const now = Date.now();
    firstAt ||= now;
    if (stopped) return;
    if (line.dataset.state !== "lost") say("waiting", "Not saved yet…");
    plan(Math.max(0, Math.min(PAUSE, firstAt + LONGEST - now)));
  };
  // On a slow connection somebody types before this module arrives: those words count as well.
  const differs = (field) => {
    if (field.type === "radio" || field.type === "checkbox") return field.checked !== field.defaultChecked;
    if (field.options) {
      const first = [...field.options].findIndex((option) => option.defaultSelected);
      return field.selectedIndex !== Math.max(0, first);
    }
    return "defaultValue" in field && field.value !== field.defaultValue;
  };
  form.addEventListener("input", changed);
  if ([...form.elements].some(differs)) changed();
  form.addEventListener("submit", () => {
    stopped = true;
    kept = typed;
  });
  addEventListener("online", () => plan(0));
  addEventListener("pagehide", () => save(true));
  addEventListener("beforeunload", (event) => {
    if (typed !== kept) event.preventDefault();
  });
}
