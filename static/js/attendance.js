/*
 * Small kindnesses of the attendance sheet: the count goes on, and “Late” or “Left early” while the
 * session runs fills in the minute by the site's clock. Without script the same fields are there.
 */
const sheet = document.querySelector("[data-attendance]");

if (sheet) {
  const count = sheet.querySelector("[data-count]");
  const recount = () => {
    const sets = [...sheet.querySelectorAll("[data-marks]")];
    count.textContent = `${sets.filter((set) => set.querySelector("input:checked")).length} marked`;
  };
  const minute = () => {
    const now = Date.now() / 1000;
    if (now < Number(sheet.dataset.starts) || now > Number(sheet.dataset.ends)) return "";
    const words = new Intl.DateTimeFormat("en-GB", { timeZone: sheet.dataset.zone, hour: "2-digit", minute: "2-digit" });
    return words.format(new Date());
  };
  sheet.addEventListener("change", (event) => {
    const input = event.target;
    if (!input.closest("[data-marks]")) return;
    recount();
    const field = { late: "arrived", left_early: "departed" }[input.value];
    if (!field) return;
    const time = sheet.elements[input.name.replace(/status$/, field)];
    if (time && !time.value) time.value = minute();
  });
  sheet.querySelector("#q")?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    sheet.querySelector("[name=find]").click();
  });
  recount();
  sheet.querySelector(".person .field-error, .person .stored")?.closest(".person").scrollIntoView({ block: "center" });
}
