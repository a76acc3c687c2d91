/*
 * A long list of boxes to tick, narrowed as one types. `data-narrow="id"` on a hidden block with a
 * search field; Enter ticks the first that fits and empties the field for the next name.
 */
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

for (const block of document.querySelectorAll("[data-narrow]")) {
  const list = document.getElementById(block.dataset.narrow);
  const field = block.querySelector("input");
  const told = block.querySelector("[data-narrow-told]");
  const items = [...list.querySelectorAll("li")];
  const fit = () => items.filter((item) => !item.hidden);
  const narrow = () => {
    const words = plain(field.value).split(/\s+/).filter(Boolean);
    for (const item of items) {
      const text = plain(item.textContent);
      item.hidden = !words.every((word) => text.includes(word));
    }
    const ticked = items.filter((item) => item.querySelector("input").checked).length;
    told.textContent = `${words.length ? `${fit().length} fit. ` : ""}${ticked} chosen.`;
  };
  field.addEventListener("input", narrow);
  list.addEventListener("change", narrow);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const first = field.value.trim() && fit()[0]?.querySelector("input");
    if (!first) return;
    first.checked = true;
    field.value = "";
    narrow();
  });
  block.hidden = false;
  narrow();
}
