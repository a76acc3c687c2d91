/*
 * Reading and cosigning by keyboard: j and k go from note to note, x ticks, r returns, Enter goes
 * to the signature, n (a link of the page) to the next session. A note can be ticked only once its
 * end has been in view: there is no ticking of all.
 */
const LINGERS = 600; // milliseconds that the end of a note is in view
const sheets = [...document.querySelectorAll("[data-review] [data-sheet]")];
const pickOf = (sheet) => sheet.querySelector("[data-pick]");
const waiting = sheets.filter(pickOf);
const words = document.querySelector("[data-read-words]");
const secret = document.getElementById("secret");

// --- what was in view ----------------------------------------------------------------------------
const read = new Set();

const tell = () => {
  if (!words) return;
  const ticked = waiting.filter((sheet) => pickOf(sheet).checked).length;
  words.textContent = `${read.size} of ${waiting.length} read · ${ticked} ticked`;
};

const mark = (sheet) => {
  if (read.has(sheet)) return;
  read.add(sheet);
  pickOf(sheet).disabled = false;
  sheet.querySelector("[data-unread]").hidden = true;
  tell();
};

const timers = new Map();
const watcher = new IntersectionObserver((seen) => {
  for (const { target, isIntersecting } of seen) {
    const sheet = target.closest("[data-sheet]");
    clearTimeout(timers.get(sheet));
    if (!isIntersecting) continue;
    timers.set(sheet, setTimeout(() => {
      mark(sheet);
      watcher.unobserve(target);
    }, LINGERS));
  }
}, { threshold: 1, rootMargin: "0px 0px -96px 0px" }); // not behind the dock

for (const sheet of waiting) {
  const pick = pickOf(sheet);
  pick.addEventListener("change", tell);
  if (pick.checked) { // it was read before the page came back
    mark(sheet);
    continue;
  }
  pick.disabled = true;
  sheet.querySelector("[data-unread]").hidden = false;
  watcher.observe(sheet.querySelector(".note-signed"));
}
tell();

// --- keys ----------------------------------------------------------------------------------------
const go = (sheet) => {
  if (!sheet) return;
  sheet.focus({ preventScroll: true });
  const tall = sheet.offsetHeight > innerHeight * 0.7;
  sheet.scrollIntoView({ block: tall ? "start" : "nearest" });
};

const acts = {
  j: (here) => go(sheets[Math.min(sheets.length - 1, sheets.indexOf(here) + 1)]),
  k: (here) => go(sheets[Math.max(0, sheets.indexOf(here) - 1)]),
  x: (here) => {
    const pick = here && pickOf(here);
    if (pick?.disabled) here.querySelector(".note-signed").scrollIntoView({ block: "center" });
    else pick?.click();
  },
  r: (here) => {
    const place = here?.querySelector("[data-return]");
    if (!place) return;
    place.open = true;
    place.querySelector("textarea").focus();
  },
  Enter: (here) => here === document.activeElement && secret?.focus(),
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const place = event.target.closest("[data-return]");
  if (event.key === "Escape" && place?.open) {
    place.open = false;
    place.closest("[data-sheet]").focus();
    return;
  }
  if (event.target.closest("input:not([type=checkbox]), textarea, select, dialog[open]")) return;
  const act = acts[event.key];
  if (!act) return;
  if (event.key === "Enter" && !event.target.matches("[data-sheet]")) return;
  event.preventDefault();
  act(document.activeElement?.closest("[data-sheet]"));
});

for (const place of document.querySelectorAll("[data-return]")) {
  place.addEventListener("toggle", () => place.open && place.querySelector("textarea").focus());
}

document.querySelector("[data-cosign]")?.addEventListener("submit", (event) => {
  if (waiting.some((sheet) => pickOf(sheet).checked)) return;
  event.preventDefault();
  words.textContent = "Tick the notes that you read and cosign.";
  go(waiting[0]);
});

const list = document.querySelector("#keys .keys");
const told = { j: "Next note", k: "Note before", x: "Tick the note", r: "Return the note", Enter: "From a note to the signature" };
for (const [key, word] of list && waiting.length ? Object.entries(told) : []) {
  const term = document.createElement("dt");
  term.append(Object.assign(document.createElement("kbd"), { textContent: key }));
  list.append(term, Object.assign(document.createElement("dd"), { textContent: word }));
}

// --- where reading begins ------------------------------------------------------------------------
if (secret?.classList.contains("is-invalid")) secret.focus();
else if (!location.hash) waiting[0]?.focus({ preventScroll: true });
