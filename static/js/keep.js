/*
 * What has not reached the server yet, kept on the device: encrypted with AES-GCM under a key that
 * only its owner's pages get, in a name that says nothing. One entry for each tab; a tab holds a
 * lock on its own, so that what a closed or crashed tab left is told from what another tab still
 * holds. Entries end when the server has the words, when their owner signs out, or after 12 hours.
 */
const LASTS = 12 * 3600 * 1000;
const PATIENCE = 1500; // for the lock of a tab that is just going
const START = "kept.";
const text = new TextEncoder();

const store = (() => {
  try {
    localStorage.setItem("kept-try", "");
    localStorage.removeItem("kept-try");
    return localStorage;
  } catch {
    return null;
  }
})();
export const possible = Boolean(globalThis.crypto?.subtle && navigator.locks && store);

const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
const bytes = (coded) => {
  const plain = atob(coded.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
};
const names = (start) => (store ? Object.keys(store).filter((name) => name.startsWith(start)) : []);

/* A short mark of a text, without meaning to whoever lacks the salt (which is kept encrypted). */
const marked = (salt, said) => {
  let [one, two] = [0xdeadbeef, 0x41c6ce57];
  for (const letter of salt + said) {
    const number = letter.codePointAt(0);
    one = Math.imul(one ^ number, 2654435761);
    two = Math.imul(two ^ number, 1597334677);
  }
  one = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(two ^ (two >>> 13), 3266489909);
  two = Math.imul(two ^ (two >>> 16), 2246822507) ^ Math.imul(one ^ (one >>> 13), 3266489909);
  return 4294967296 * (2097151 & two) + (one >>> 0);
};

/* Whether this person has words on the device that the server does not have. */
export const anythingOf = (person) => names(`${START}${person}.`).length > 0;

export const forget = (person) => {
  for (const name of names(`${START}${person}.`)) store.removeItem(name);
};

/* Whoever's it is: what is older than twelve hours goes. */
export const sweep = () => {
  for (const name of names(START)) {
    try {
      const { at } = JSON.parse(store.getItem(name));
      if (Math.abs(Date.now() - at) < LASTS) continue;
    } catch {
      // not readable at all
    }
    store.removeItem(name);
  }
};

export const open = async ({ person, note, keys }) => {
  const start = `${START}${person}.${note}.`;
  const own = start + crypto.randomUUID();
  const ring = new Map();
  let newest = 0;
  let turn = 0; // a later order wins over a slower earlier one
  let last = []; // marks of what was sent while the page closed
  const salt = crypto.randomUUID();

  const take = async (given) => {
    for (const [day, coded] of Object.entries(given)) {
      ring.set(Number(day), await crypto.subtle.importKey("raw", bytes(coded), "AES-GCM", false, ["encrypt", "decrypt"]));
      newest = Math.max(newest, Number(day));
    }
  };
  await take(keys);
  navigator.locks.request(own, () => new Promise(() => {}));

  const put = async (what) => {
    turn += 1;
    const mine = turn;
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const how = { name: "AES-GCM", iv, additionalData: text.encode(own) };
    const sealed = await crypto.subtle.encrypt(how, ring.get(newest), text.encode(JSON.stringify({ ...what, salt })));
    if (mine !== turn) return true;
    try {
      store.setItem(own, JSON.stringify({ at: Date.now(), last, day: newest, iv: base64(iv), data: base64(new Uint8Array(sealed)) }));
      return true;
    } catch {
      return false; // the device is full
    }
  };

  /* At once, for a page that closes: there is no time left to encrypt. */
  const sending = (said) => {
    last = said.map((one) => marked(salt, one));
    const there = store.getItem(own);
    if (there) store.setItem(own, JSON.stringify({ ...JSON.parse(there), last }));
  };

  const clear = () => {
    turn += 1;
    store.removeItem(own);
  };

  const read = async (name) => {
    try {
      const entry = JSON.parse(store.getItem(name));
      const how = { name: "AES-GCM", iv: bytes(entry.iv), additionalData: text.encode(name) };
      const plain = await crypto.subtle.decrypt(how, ring.get(entry.day), bytes(entry.data));
      const what = JSON.parse(new TextDecoder().decode(plain));
      const wasSent = (said) => (entry.last ?? []).includes(marked(what.salt, said));
      return { at: entry.at, parts: what.parts, wasSent };
    } catch {
      return null;
    }
  };

  /* Hand over what gone tabs of this note left, the oldest first; `taken` puts it under our name. */
  const takeBack = async (taken) => {
    const found = [];
    const left = names(start).filter((name) => name !== own);
    await Promise.all(left.map(async (name) => {
      try {
        await navigator.locks.request(name, { signal: AbortSignal.timeout(PATIENCE) }, async () => {
          const entry = await read(name);
          if (entry) found.push({ name, entry });
          else store.removeItem(name);
        });
      } catch {
        // another tab is still being typed in
      }
    }));
    found.sort((a, b) => a.entry.at - b.entry.at);
    if (found.length && (await taken(found.map(({ entry }) => entry)))) {
      for (const { name } of found) store.removeItem(name);
    }
  };

  return { put, sending, clear, take, takeBack };
};
