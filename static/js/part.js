/*
 * One part of the notes on the page: what stands in its fields, what of it the server has confirmed
 * (`saved`), which of our own words may have reached it without an answer (`tried`), and what it
 * refused (`held`: not sent again until it changes).
 */
const REMEMBERED = 20;
const loosely = (value) => (typeof value === "string" ? value.trim().replace(/\s+/g, " ") : value);

export const code = (values) => JSON.stringify(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));
/* The same for texts that differ in blanks only, as the server stores them. */
export const near = (values) => code(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, loosely(value)])));

export class Part {
  constructor(element) {
    this.element = element;
    this.key = element.dataset.part;
    this.version = element.querySelector(`[name="${this.key}-version"]`);
    this.saved = code(this.values(true));
    this.tried = [];
    this.held = null;
    if (this.isNew && this.offers) this.saved = code(this.blank());
    this.given = false; // somebody has what they need of words that have no place any more
    // Came back with the page and stands nowhere else: typed over the version that it began from.
    if (this.unsaved) [this.saved, this.version.value] = ["[]", element.dataset.unsaved];
  }

  get place() {
    return this.element.querySelector("[data-theirs]");
  }

  get fields() {
    const start = `${this.key}-`;
    return [...this.element.querySelectorAll("input, textarea, select")].filter(
      (field) => field.name.startsWith(start) && field !== this.version,
    );
  }

  /* As typed, or as the server wrote it into the page. */
  values(asGiven = false) {
    const found = {};
    for (const field of this.fields) {
      const name = field.name.slice(this.key.length + 1);
      if (field.type === "checkbox") found[name] = asGiven ? field.defaultChecked : field.checked;
      else if (field.type === "radio") {
        found[name] ??= "";
        if (asGiven ? field.defaultChecked : field.checked) found[name] = field.value;
      } else if (field.options && asGiven) {
        found[name] = ([...field.options].find((option) => option.defaultSelected) ?? field.options[0])?.value ?? "";
      } else found[name] = (asGiven ? field.defaultValue : field.value).replaceAll("\r\n", "\n");
    }
    return found;
  }

  blank() {
    const empty = Object.entries(this.values()).map(([name, value]) => [name, typeof value === "boolean" ? false : ""]);
    return Object.fromEntries(empty);
  }

  set(values) {
    for (const field of this.fields) {
      const value = values[field.name.slice(this.key.length + 1)];
      if (value === undefined) continue;
      if (field.type === "checkbox") field.checked = value === true;
      else if (field.type === "radio") field.checked = field.value === value;
      else if (field.value !== value) field.value = value;
    }
    this.fields[0]?.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /* Whether a name stands for a choice, not for words. */
  chooses(name) {
    return this.fields.some((field) => field.name === `${this.key}-${name}` && field.type === "radio");
  }

  get now() {
    return code(this.values());
  }

  get dirty() {
    return !this.given && this.now !== this.saved;
  }

  /* Words that the server could not save when the button sent them. */
  get unsaved() {
    return this.element.dataset.unsaved !== undefined;
  }

  get wanted() {
    return this.dirty && this.now !== this.held;
  }

  /* Typed before the script arrived, as on a slow connection. */
  get typed() {
    return this.now !== code(this.values(true));
  }

  get isNew() {
    return !Number(this.version.value);
  }

  /* Words that the page offers before anything was written, such as the step of a curriculum. */
  get offers() {
    return code(this.values(true)) !== code(this.blank());
  }

  get label() {
    return this.element.querySelector("h2, b")?.textContent.trim() || "";
  }

  send(body) {
    body.set(`${this.key}-version`, this.version.value || "0");
    for (const [name, value] of Object.entries(this.values())) {
      if (typeof value !== "boolean") body.set(`${this.key}-${name}`, value);
      else if (value) body.set(`${this.key}-${name}`, "on");
    }
    const sent = this.now;
    this.tried = [...this.tried.filter((known) => known !== sent), sent].slice(-REMEMBERED);
    return sent;
  }

  confirm(sent, version) {
    this.saved = sent;
    this.tried = [];
    this.held = null;
    this.version.value = version;
    this.clean();
  }

  /* Of what is stored, that which has a field on this page. */
  shown(stored) {
    const here = this.values();
    return Object.fromEntries(Object.entries(stored).filter(([name]) => name in here));
  }

  /* Whether these words are our own of before: sent, arrived, and only their answer was lost. */
  sentBefore(stored) {
    const there = near(this.shown(stored));
    return [...this.tried, this.saved].some((known) => near(Object.fromEntries(JSON.parse(known))) === there);
  }

  /* Whether these words are what the tab before sent while it closed, and nothing was typed since. */
  isLate(stored) {
    return this.late?.brought === this.now && this.late.wasSent(near(this.shown(stored)));
  }

  clean() {
    if (this.place) this.place.replaceChildren();
    for (const told of this.element.querySelectorAll(".field-error")) told.remove();
    for (const field of this.fields) {
      if (field.getAttribute("aria-invalid") !== "true") continue;
      field.removeAttribute("aria-invalid");
      field.classList.remove("is-invalid");
    }
  }

  show(html) {
    this.given = false;
    this.place.innerHTML = html;
  }

  /* Sentences beside the fields that were refused. */
  fault(sentences) {
    this.clean();
    for (const [name, told] of Object.entries(sentences)) {
      const fields = this.fields.filter((field) => field.name === `${this.key}-${name}`);
      const words = document.createElement("p");
      words.className = "field-error";
      words.dataset.fault = "";
      words.textContent = told.join(" ");
      const where = fields.at(-1);
      if (!where) {
        this.element.append(words);
        continue;
      }
      (where.closest("fieldset, .chips") ?? where).after(words);
      for (const field of fields) {
        field.setAttribute("aria-invalid", "true");
        if (field.type !== "radio" && field.type !== "checkbox") field.classList.add("is-invalid");
        for (let more = field.closest("details"); more; more = more.parentElement.closest("details")) more.open = true;
      }
    }
  }

  /* What a tab that is gone left of this part: back into the fields. How many passages that is. */
  bring(left, wasSent) {
    const before = this.values();
    const given = this.values(true);
    if (wasSent(near(given))) return 0; // the last words reached the server while the tab closed
    const back = { ...left.values };
    for (const [name, value] of Object.entries(before)) {
      // Typed on this page before the rest came back: both stay; of two choices the later one does.
      if (typeof value === "string" && value !== given[name] && back[name] !== undefined && back[name] !== value) {
        const whole = this.chooses(name) || value.includes(back[name]);
        back[name] = whole ? value : `${back[name]}\n${value}`;
      }
    }
    const passages = Object.keys(back).filter((name) => name in before && loosely(back[name]) !== loosely(before[name]));
    if (!passages.length) return 0;
    const there = near(given);
    const ours = [left.saved, ...left.tried].some((known) => near(Object.fromEntries(JSON.parse(known))) === there);
    if (!ours && String(left.version) !== this.version.value) {
      // Somebody saved since: typed over what stood there then, so that both texts will be shown.
      this.version.value = left.version;
      this.saved = left.saved;
    }
    this.tried = left.tried;
    this.set(back);
    this.late = { wasSent, brought: this.now };
    return passages.length;
  }
}
