/*
 * `/` goes to the search box, `?` lists the keys, `g h` goes home. Pages add keys by
 * data-key="n" on a link or button; the list grows by data-key-word.
 */
const typing = (target) =>
  target.closest?.("input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable], dialog[open]");

let before = "";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
  const key = event.key;
  if (key === "/") {
    const box = document.querySelector("[data-search]");
    if (box?.offsetParent) {
      event.preventDefault();
      box.focus();
      box.select();
    } else {
      const link = document.querySelector(".find-link");
      if (link) {
        event.preventDefault();
        link.click();
      }
    }
  } else if (key === "?") {
    const list = document.getElementById("keys");
    if (list?.showModal && !list.open) {
      event.preventDefault();
      list.showModal();
    }
  } else if (before === "g" && key === "h") {
    document.querySelector("a.brand")?.click();
  } else if (key.length === 1) {
    const mark = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (mark) {
      event.preventDefault();
      mark.click();
    }
  }
  before = key;
});

const keys = document.querySelector("#keys .keys");
for (const mark of keys ? document.querySelectorAll("[data-key]") : []) {
  const term = document.createElement("dt");
  term.append(Object.assign(document.createElement("kbd"), { textContent: mark.dataset.key }));
  const word = document.createElement("dd");
  word.textContent = mark.dataset.keyWord || mark.textContent.trim();
  keys.append(term, word);
}
