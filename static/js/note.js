/*
 * Notes are saved as they are typed: only parts that changed, a second after the last stroke and at
 * most three and a half after the first. The line says what is true: "Saved 10:52" only when the
 * server has confirmed all that stands on the page. What is not confirmed is kept on the device,
 * encrypted (keep.js), and tried again; what somebody else changed is never overwritten: both texts
 * stand side by side until somebody decides. Without script the button does it all.
 */
import { signIn, whose } from "./again.js";
import { cover } from "./cover.js";
import * as keep from "./keep.js";
import { near, Part } from "./part.js";
import { show as showPresent } from "./presence.js";
import { token } from "./token.js";

const PAUSE = 1000;
const LONGEST = 3500;
const KEEP_AFTER = 250;
const PATIENCE = 8000;
const AGAIN = [1000, 2000, 4000, 8000, 15000];
const GOES_ALONG = 60000; // what a browser sends for a page that is already closed: 64 kB
const form = document.querySelector("[data-note][data-save]");

const FAULTS = {
  connection: "Not saved: no connection. Still trying; ",
  server: "Not saved: the server had a fault. Still trying; ",
  off: "Not saved: you were signed off. Sign in to go on; ",
  gone: "Not saved: somebody is no longer on the roster. Copy what you wrote about them.",
  stale: "Not saved: somebody else changed a part. Choose there which words stay.",
  signed: "Not saved: a part was signed meanwhile. Your words stay there to copy.",
  faulty: "Not saved: look at the part that is marked.",
};

const begin = () => {
  const line = form.querySelector("[data-saved]");
  const words = line.querySelector("[data-saved-words]");
  const first = { state: line.dataset.state, words: words.textContent };
  const parts = [...form.querySelectorAll("[data-part]")]
    .filter((place) => place.querySelector(`[name="${place.dataset.part}-version"]`))
    .map((place) => new Part(place));
  const named = new Map(parts.map((part) => [part.key, part]));
  const { person, kept: note } = form.dataset;
  const keys = JSON.parse(form.dataset.keys || "{}");
  form.removeAttribute("data-keys");
  for (const button of form.querySelectorAll("[data-copy-mine]")) button.hidden = false;

  let touched = first.state === "saved" || parts.some((part) => part.typed || part.unsaved);
  let savedAt = line.dataset.saved;
  let fault = "";
  let sentence = ""; // the server's own words for a refusal
  let tries = 0;
  let firstAt = 0;
  let timer = 0;
  let keeping = 0;
  let busy = null;
  let device = null;
  let safe = false; // what is not saved stands on the device
  let ended = false;
  let twice = false; // signed in, and refused all the same

  /* --- the line ---------------------------------------------------------------------------- */
  const icon = (name) => document.querySelector("template[data-icons]")?.content.querySelector(`[data-icon=${name}] > svg`)?.cloneNode(true);

  const say = (state, text) => {
    if (line.dataset.state !== state) {
      line.dataset.state = state;
      line.querySelector(".icon")?.remove();
      const drawn = icon(state);
      if (drawn) line.prepend(drawn);
    }
    if (words.textContent !== text) words.textContent = text;
  };
  const stays = () => (safe ? "your text is kept on this device." : "your text stays here.");

  const tellTruth = () => {
    if (ended) return;
    const open = parts.filter((part) => part.dirty);
    const held = open.find((part) => !part.wanted && part.why);
    if (!touched) say(first.state, first.words);
    else if (!open.length) say("saved", savedAt || "Nothing written yet");
    else if (fault && FAULTS[fault]) say("lost", FAULTS[fault] + (FAULTS[fault].endsWith("; ") ? stays() : ""));
    else if (sentence) say("lost", `Not saved. ${sentence}`);
    else if (held) say("lost", FAULTS[held.why]);
    else if (busy) say("saving", "Saving…");
    else say("waiting", "Not saved yet…");
  };

  /* --- on the device --------------------------------------------------------------------------- */
  const keepNow = async () => {
    clearTimeout(keeping);
    keeping = 0;
    if (!device || ended) return false;
    const open = touched ? parts.filter((part) => part.dirty) : [];
    if (!open.length) {
      device.clear();
      safe = false;
      return true;
    }
    const what = open.map((part) => ({
      key: part.key, values: part.values(), version: part.version.value, saved: part.saved, tried: part.tried,
    }));
    safe = await device.put({ parts: what });
    tellTruth();
    return safe;
  };
  const keepSoon = () => {
    keeping ||= setTimeout(keepNow, KEEP_AFTER);
  };

  /* --- saving ------------------------------------------------------------------------------------ */
  const plan = (wait) => {
    clearTimeout(timer);
    timer = setTimeout(save, wait);
  };
  const again = () => {
    const wait = AGAIN[Math.min(tries, AGAIN.length - 1)];
    tries += 1;
    plan(wait * (0.8 + Math.random() * 0.4));
  };

  const post = (body, leaving) =>
    fetch(form.dataset.save, {
      method: "POST",
      body,
      headers: { "X-CSRFToken": token(), "X-Page-Owner": form.dataset.owner, Accept: "application/json" },
      credentials: "same-origin",
      redirect: "manual",
      keepalive: leaving,
      ...(leaving ? {} : { signal: AbortSignal.timeout(PATIENCE) }),
    });

  const bodyOf = (sending) => {
    const body = new URLSearchParams();
    const sent = new Map(sending.map((part) => [part, part.send(body)]));
    return { body, sent };
  };

  function save() {
    clearTimeout(timer);
    busy ??= carry().finally(() => {
      busy = null;
      keepNow();
      tellTruth();
      if (!fault && !ended && parts.some((part) => part.wanted)) plan(Math.max(0, Math.min(PAUSE, firstAt + LONGEST - Date.now())));
    });
    return busy;
  }

  async function carry() {
    const sending = ended || !touched ? [] : parts.filter((part) => part.wanted);
    if (!sending.length) return;
    await Promise.resolve();
    const { body, sent } = bodyOf(sending);
    firstAt = 0;
    if (!fault) tellTruth();
    keepNow();
    let answer = null;
    try {
      answer = await post(body, false);
    } catch {
      fail("connection");
      return;
    }
    try {
      await take(answer, sent);
    } catch {
      fail("connection"); // an answer that is not ours, such as the page of a hotel's network
    }
  }

  const fail = (why) => {
    fault = why;
    again();
  };

  const take = async (answer, sent) => {
    if (answer.type === "opaqueredirect" || answer.status === 403) {
      await lookWhose();
      return;
    }
    if (answer.status >= 500 || answer.status === 429) {
      fail("server");
      return;
    }
    if (answer.status === 404) {
      fault = "";
      sentence = "These notes are no longer open to you. Copy what you wrote.";
      for (const part of sent.keys()) part.held = sent.get(part);
      return;
    }
    const said = await answer.json();
    if (said.code === "not-yours") {
      await lookWhose();
      return;
    }
    fault = "";
    tries = 0;
    twice = false;
    sentence = said.refused || "";
    if (said.refused) {
      for (const part of sent.keys()) part.held = sent.get(part);
      return;
    }
    if (!said.versions) throw new Error("not an answer of ours");
    const taken = [];
    for (const [part, was] of sent) {
      if (told(part, was, said)) taken.push(part);
    }
    savedAt = `Saved ${said.at}`;
    showPresent(said.present);
    if (taken.length) others?.postMessage({ at: said.at, parts: taken.map((part) => ({ key: part.key, version: part.version.value, saved: part.saved })) });
  };

  /* What became of one part; true when the server has it. */
  const told = (part, was, said) => {
    const { key } = part;
    const refuse = (why) => {
      part.held = was;
      part.why = why;
    };
    if (said.stale[key] !== undefined) {
      if (part.sentBefore(said.stored[key])) {
        part.version.value = said.versions[key]; // our own words, only their answer was lost
        part.held = null;
        return false;
      }
      if (part.isLate(said.stored[key])) {
        part.set(said.stored[key]);
        part.confirm(part.now, said.versions[key]);
        return true;
      }
      refuse("stale");
      part.show(said.stale[key]);
      part.theirs = { values: said.stored[key], version: said.versions[key] };
    } else if (said.signed[key] !== undefined) {
      refuse("signed");
      part.show(said.signed[key]);
    } else if (said.faulty[key] !== undefined) {
      refuse("faulty");
      part.fault(said.faulty[key]);
    } else if (said.versions[key] === undefined) {
      refuse("gone");
    } else {
      part.confirm(was, said.versions[key]);
      return true;
    }
    return false;
  };

  /* --- whose session is this now? ------------------------------------------------------------------ */
  const lookWhose = async () => {
    let said = await whose(form);
    if (said.state === "nobody") {
      fault = "off";
      tellTruth();
      await keepNow();
      said = await signIn(form);
      twice = false;
    }
    if (said.state === "other") {
      await coverFor(said.name);
    } else if (said.state === "you") {
      if (said.keys) await device?.take(said.keys);
      if (twice) fail("server");
      else {
        fault = "";
        twice = true;
        plan(0);
      }
    } else if (said.state === "too-old") {
      fault = "";
      sentence = said.sentence;
      for (const part of parts) part.held = part.now;
    } else fail("connection");
  };

  /* Somebody else signed in on this device: nothing of ours stays to be seen or saved. */
  const coverFor = async (name) => {
    const safely = (await keepNow()) || !parts.some((part) => part.dirty);
    ended = true;
    clearTimeout(timer);
    const back = () => {
      ended = false;
      save();
    };
    cover(form, name, { kept: safely && safe, anew: safely, back });
  };

  /* --- what happens on the page ---------------------------------------------------------------------- */
  const changed = () => {
    touched = true;
    const now = Date.now();
    firstAt ||= now;
    sentence = "";
    keepSoon();
    tellTruth();
    if (!fault && !busy) plan(Math.max(0, Math.min(PAUSE, firstAt + LONGEST - now)));
  };
  form.addEventListener("input", (event) => {
    if (event.target.closest("[data-part]")) changed();
  });

  form.addEventListener("change", ({ target }) => {
    const part = target.name === "without" && named.get(target.value);
    if (!part) return;
    part.given = target.checked;
    keepSoon();
    tellTruth();
  });

  form.addEventListener("click", (event) => {
    const part = named.get(event.target.closest("[data-part]")?.dataset.part);
    if (!part) return;
    if (event.target.closest("[data-keep-mine]")) {
      part.version.value = part.theirs.version;
      part.held = null;
      part.clean();
      part.fields.at(0)?.focus();
      touched = true;
      save();
    } else if (event.target.closest("[data-take-theirs]")) {
      const mine = part.values();
      const { values, version } = part.theirs;
      part.set(values);
      part.confirm(part.now, version);
      putAside(part, mine);
      part.fields.at(0)?.focus();
      savedAt ||= "Saved";
      keepNow();
      tellTruth();
    } else if (event.target.closest("[data-bring-back]")) {
      const mine = part.aside;
      part.clean();
      part.set(mine);
    } else if (event.target.closest("[data-copy-mine]")) {
      const said = Object.values(part.values()).filter((value) => typeof value === "string" && /\s/.test(value.trim()));
      navigator.clipboard?.writeText(said.join("\n\n"));
      event.target.closest("button").append(" – copied");
    }
  });
  const putAside = (part, mine) => {
    part.aside = mine;
    part.place.replaceChildren(document.querySelector("template[data-put-aside]").content.cloneNode(true));
  };

  /* The buttons save what is open first; only then "Check and sign" goes on. */
  const all = async () => {
    touched = true;
    for (let round = 0; round < 4; round += 1) {
      await (busy ?? save());
      if (!parts.some((part) => part.wanted) || fault) break;
    }
    keepNow();
    tellTruth();
    return !parts.some((part) => part.dirty);
  };
  form.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (button?.hasAttribute("formaction") || (button?.name && button.name !== "sign")) return;
    if (form.querySelector("[name=let_go]:checked")) return; // the server does it, after it saved all
    event.preventDefault();
    for (const part of parts) if (part.why === "faulty" || part.why === "gone") part.held = null;
    if (!(await all())) {
      (form.querySelector("[data-theirs] button, [aria-invalid=true]") ?? line).scrollIntoView({ block: "center" });
    } else if (button?.name === "sign") location.assign(form.dataset.sign);
    else if (!savedAt) say("saved", "Nothing written yet");
  });

  const at = (target, kinds, act) => kinds.forEach((kind) => target.addEventListener(kind, act));
  at(globalThis, ["online"], () => {
    tries = 0;
    if (fault && fault !== "off") {
      fault = fault === "connection" ? "" : fault;
      save();
    }
  });
  at(document, ["visibilitychange"], () => {
    if (!document.hidden && !fault) return;
    keepNow();
    save();
  });
  at(document, ["save-now"], () => save());
  at(document, ["signed-off"], (event) => {
    event.preventDefault(); // the page need not be covered before it is known by whom
    if (!busy && !ended) busy = lookWhose().finally(() => { busy = null; tellTruth(); });
  });
  at(document, ["unsaved"], (event) => {
    if (!ended && touched) event.detail.parts += parts.filter((part) => part.dirty).length;
  });
  at(document, ["going"], () => {
    ended = true;
    device?.clear();
  });
  at(globalThis, ["pagehide"], () => {
    if (ended || !touched) return;
    keepNow();
    const sending = parts.filter((part) => part.wanted);
    if (!sending.length || fault === "off") return;
    const { body } = bodyOf(sending);
    device?.sending(sending.map((part) => near(part.values())));
    post(body, String(body).length < GOES_ALONG).catch(() => {});
  });
  at(globalThis, ["beforeunload"], (event) => {
    if (!ended && touched && !safe && parts.some((part) => part.dirty)) event.preventDefault();
  });

  /* --- two tabs of one person ------------------------------------------------------------------------- */
  const others = globalThis.BroadcastChannel ? new BroadcastChannel(`note.${person}.${note}`) : null;
  others?.addEventListener("message", ({ data }) => {
    for (const { key, version, saved } of data.parts) {
      const part = named.get(key);
      if (!part || part.dirty || Number(version) <= Number(part.version.value)) continue;
      part.saved = saved;
      part.version.value = version;
      part.set(Object.fromEntries(JSON.parse(saved)));
      savedAt = `Saved ${data.at}`;
    }
    tellTruth();
  });

  /* --- what gone tabs left ------------------------------------------------------------------------------- */
  const bringBack = async (entries) => {
    let passages = 0;
    const lost = [];
    for (const { parts: left, wasSent } of entries) {
      for (const one of left) {
        const part = named.get(one.key);
        if (part) passages += part.bring(one, wasSent);
        else lost.push(one);
      }
    }
    if (!passages && !lost.length) return true;
    const notice = document.querySelector("template[data-brought-back]").content.cloneNode(true);
    notice.querySelector("[data-passages]").textContent = passages === 1 ? "1 passage that had not reached the server was brought back." : `${passages} passages that had not reached the server were brought back.`;
    notice.querySelector("[data-passages]").hidden = !passages;
    const place = notice.querySelector("[data-without-place]");
    place.hidden = !lost.length;
    for (const { values } of lost) {
      const quote = document.createElement("p");
      quote.className = "note-text";
      quote.textContent = Object.values(values).filter((value) => typeof value === "string" && /\s/.test(value.trim())).join("\n");
      place.append(quote);
    }
    line.after(notice);
    if (passages) changed();
    return lost.length ? false : keepNow();
  };

  const ready = async () => {
    if (!keep.possible || !person) return;
    try {
      device = await keep.open({ person, note, keys });
      if (touched) keepSoon();
      await device.takeBack(bringBack);
    } catch {
      device = null;
    }
  };
  ready().finally(() => {
    form.dataset.ready = "yes";
    if (!device) document.querySelector("[data-only-this-tab]")?.removeAttribute("hidden");
    tellTruth();
  });
  if (touched && parts.some((part) => part.wanted)) changed();
};

if (form) begin();
