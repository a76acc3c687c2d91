/*
 * Words at hand: a button beside a field of prose opens a short menu of text blocks; the one that
 * is chosen goes in where the caret is, and “…” in it is marked, so that one types on there.
 * Arrows, Home, End and Escape work as in any menu. The blocks stand once on the page, in
 * <template data-blocks-for="own_words">.
 */
const GAP = "…";
let open = null; // the button whose menu is open
let menu = null;

const close = (back = true) => {
  if (!open) return;
  const button = open;
  open = null;
  menu.remove();
  button.setAttribute("aria-expanded", "false");
  if (back) button.focus();
};

const insert = (field, words) => {
  const { value } = field;
  const from = field.selectionStart ?? value.length;
  const to = field.selectionEnd ?? from;
  const before = value.slice(0, from);
  const after = value.slice(to);
  const lead = before && !/\s$/.test(before) ? " " : "";
  const trail = after && !/^[\s.,;:!?”’)]/.test(after) ? " " : "";
  const put = lead + words + trail;
  const most = field.maxLength > 0 ? field.maxLength : Infinity;
  if (value.length - (to - from) + put.length > most) return;
  field.focus();
  // As if typed, so that the browser can undo it; older ones get the text set.
  field.setSelectionRange(from, to);
  if (!document.execCommand?.("insertText", false, put)) {
    field.setRangeText(put, from, to, "end");
    field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText" }));
  }
  const gap = words.indexOf(GAP);
  const start = from + lead.length;
  if (gap >= 0) field.setSelectionRange(start + gap, start + gap + GAP.length);
  else field.setSelectionRange(start + words.length, start + words.length);
};

const show = (button) => {
  close(false);
  const source = document.querySelector(`template[data-blocks-for="${button.dataset.blocks}"]`);
  menu = document.createElement("div");
  menu.className = "blocks-menu";
  menu.id = "blocks-menu";
  menu.setAttribute("role", "menu");
  menu.setAttribute("aria-label", "Text blocks");
  menu.append(source.content.cloneNode(true));
  button.after(menu);
  button.setAttribute("aria-expanded", "true");
  open = button;
  menu.querySelector("[role=menuitem]").focus();
};

for (const button of document.querySelectorAll("button[data-blocks]")) {
  if (!document.querySelector(`template[data-blocks-for="${button.dataset.blocks}"]`)) continue;
  button.hidden = false;
  button.addEventListener("click", () => (open === button ? close() : show(button)));
}

document.addEventListener("click", (event) => {
  if (!open) return;
  const item = event.target.closest(".blocks-menu [data-words]");
  if (item) {
    const field = document.getElementById(open.dataset.field);
    close(false);
    insert(field, item.dataset.words);
  } else if (!menu.contains(event.target) && !open.contains(event.target)) close(false);
});

document.addEventListener("focusin", (event) => {
  if (open && !menu.contains(event.target) && event.target !== open) close(false);
});

document.addEventListener("keydown", (event) => {
  if (!open) return;
  if (event.key === "Escape") {
    event.preventDefault();
    close();
    return;
  }
  const items = [...menu.querySelectorAll("[role=menuitem]")];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to === undefined || at < 0 || event.altKey) return;
  event.preventDefault();
  items[(to + items.length) % items.length].focus();
});
