/*
 * Small kindnesses of the attendance sheet: the counts go on, “Late” or “Left early” while the
 * session runs fills in the minute by the site's clock, a mark that changes asks why where that is
 * asked, “Take theirs” takes it at once. Without script the same fields and buttons are there.
 */
const sheet = document.querySelector("[data-attendance]");

if (sheet) {
  const count = sheet.querySelector("[data-count]");
  const unmarked = sheet.querySelector("[data-unmarked]");
  const recount = () => {
    const sets = [...sheet.querySelectorAll("[data-marks]")];
    const marked = sets.filter((set) => set.querySelector("input:checked")).length;
    const open = sets.length - marked;
    count.textContent = `${marked} marked`;
    if (!unmarked) return;
    unmarked.hidden = !open;
    unmarked.querySelector("[data-unmarked-count]").textContent = open === 1 ? "1 person is" : `${open} people are`;
  };
  const minute = () => {
    const now = Date.now() / 1000;
    if (now < Number(sheet.dataset.starts) || now > Number(sheet.dataset.ends)) return "";
    const words = new Intl.DateTimeFormat("en-GB", { timeZone: sheet.dataset.zone, hour: "2-digit", minute: "2-digit" });
    return words.format(new Date());
  };
  const field = (person, name) => sheet.elements[`${person.id}-${name}`];

  sheet.addEventListener("change", (event) => {
    const input = event.target;
    const person = input.closest(".person");
    if (!person) return;
    const why = person.querySelector("[data-row-why]");
    const mark = input.closest("[data-marks]");
    if (why && (!mark || person.dataset.was !== input.value)) why.hidden = false;
    if (!mark) return;
    recount();
    const name = { late: "arrived", left_early: "departed" }[input.value];
    const time = name && field(person, name);
    if (time && !time.value) time.value = minute();
  });

  sheet.addEventListener("click", (event) => {
    const button = event.target.closest("[data-take]");
    if (!button) return;
    const person = button.closest(".person");
    const [status, arrived, departed, reason] = button.dataset.take.split("|");
    const mark = person.querySelector(`[data-marks] input[value="${CSS.escape(status)}"]`);
    if (!mark) return; // nobody is marked there any more: the server shows it
    event.preventDefault();
    mark.click();
    field(person, "arrived").value = arrived;
    field(person, "departed").value = departed;
    field(person, "reason").value = reason;
    sheet.elements[`${person.id}-both`]?.remove();
    person.classList.remove("asks-two");
    const why = person.querySelector("[data-row-why]"); // what stands already needs no reason
    if (why && !why.querySelector("input").value) why.hidden = true;
    button.closest(".theirs-mark").remove();
    (sheet.querySelector("[data-take]") || mark).focus();
  });

  sheet.querySelector("#q")?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    sheet.querySelector("[name=find]").click();
  });
  recount();
  const first = sheet.querySelector(".person .theirs-mark, .person .field-error, .person .look-twice");
  // After the browser has gone to the part of the page that the address names.
  const look = () => {
    first.closest(".person").scrollIntoView({ block: "center" });
    first.querySelector("button, input")?.focus({ preventScroll: true });
  };
  if (first) addEventListener("load", () => requestAnimationFrame(look));
}
