/*
 * Along the people of a note: the row of initials says whose part is empty, begun or done, and
 * Alt with an arrow goes on to the next person's words. Without script the row says how it was.
 */
const row = document.querySelector("[data-along]");

const stateOf = (part) => {
  const chosen = part.querySelector("input[name$=-participation]:checked:not([value=''])");
  const said = [...part.querySelectorAll("[name$=-own_words], [name$=-response]")].some((field) => field.value.trim());
  if (chosen && said) return "done";
  const other = [...part.querySelectorAll("textarea")].some((field) => field.value.trim());
  return chosen || other ? "begun" : "empty";
};

if (row) {
  const links = new Map([...row.querySelectorAll("a")].map((link) => [link.dataset.of, link]));
  const renew = (part) => {
    const link = part && links.get(part.dataset.part);
    if (!link || link.dataset.state === "signed") return;
    link.dataset.state = stateOf(part);
    link.querySelector("[data-said]").textContent = link.dataset.state;
  };
  document.addEventListener("input", (event) => renew(event.target.closest("[data-part]")));
  row.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link) return;
    event.preventDefault();
    const part = document.getElementById(link.dataset.of);
    part.scrollIntoView({ block: "start" });
    part.querySelector("input:checked, input[type=radio], textarea")?.focus({ preventScroll: true });
  });
}

// The list of keys behind `?` grows by these.
const keys = document.querySelector("[data-part]") && document.querySelector("#keys .keys");
for (const [key, words] of keys ? [["↓", "The next person’s words"], ["↑", "The words of the person before"]] : []) {
  const term = document.createElement("dt");
  term.append(Object.assign(document.createElement("kbd"), { textContent: "Alt" }), " ", Object.assign(document.createElement("kbd"), { textContent: key }));
  keys.append(term, Object.assign(document.createElement("dd"), { textContent: words }));
}

document.addEventListener("keydown", (event) => {
  if (!event.altKey || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
  const parts = [...document.querySelectorAll("[data-part]")].filter((part) => part.querySelector("textarea"));
  const here = parts.indexOf(event.target.closest("[data-part]"));
  const next = parts[Math.min(parts.length - 1, Math.max(0, here + (event.key === "ArrowDown" ? 1 : -1)))];
  if (!next) return;
  event.preventDefault();
  next.scrollIntoView({ block: "center" });
  next.querySelector("textarea").focus({ preventScroll: true });
});
