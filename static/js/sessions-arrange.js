/*
 * The week's working surface. Sessions are dragged, lengthened, or given to a person; every act is
 * first asked of the server, which answers with what it would come to, then carried out, then told
 * with a way back. What the server refuses goes back to where it was. Enter on a session opens the
 * same dialog with its day, times, room and people as fields.
 */
import { clear, sentenceOf, tell, WORDS } from "./beside.js";

const root = document.querySelector("[data-arrange]");
const plain = document.querySelector("[data-plain]");
const small = document.querySelector("[data-arrange-small]");
const wide = matchMedia("(min-width: 60em)");
const dialog = root.querySelector("[data-act-dialog]");
const body = root.querySelector("[data-act-body]");
const note = root.querySelector("[data-hand-note]");
const messages = document.getElementById("messages");
const d = root.dataset;
const NOBODY = "00000000-0000-0000-0000-000000000000";
const VIEWS = {
  time: { day: "timeGridDay", week: "timeGridWeek", month: "dayGridMonth" },
  room: { day: "resourceTimeGridDay", week: "resourceTimeGridWeek", month: "dayGridMonth" },
  facilitator: { day: "resourceTimeGridDay", week: "resourceTimeGridWeek", month: "dayGridMonth" },
};
const OF_A_TABLE = ["role", "aria-colindex", "aria-colspan", "aria-colcount", "aria-rowindex", "aria-rowspan", "aria-rowcount"];
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

const A_WAY = 8; // pixels after which a press is a drag

let calendar = null;
let closed = {};
let putBack = null; // what a refused or abandoned act undoes on the surface
let held = null; // the facilitator that was taken hold of
let cameFrom = null; // what has the focus again when the dialog closes

const two = (n) => String(n).padStart(2, "0");
const dayOf = (at) => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
const clockOf = (at) => `${two(at.getHours())}:${two(at.getMinutes())}`;
const spoken = (at) => `${at.getHours()}:${two(at.getMinutes())}`;

/* --- what the server says ------------------------------------------------------------------- */
async function ask(url, fields) {
  const answer = await fetch(url, {
    method: "POST",
    body: fields,
    headers: { "X-CSRFToken": token(), "HX-Request": "true" },
    credentials: "same-origin",
  });
  if (answer.redirected || answer.headers.has("HX-Redirect") || answer.status === 401 || answer.status === 403) {
    location.reload();
    return new Promise(() => {});
  }
  if (!answer.ok) throw Object.assign(new Error(String(answer.status)), { told: sentenceOf(await answer.text()) || FAULT });
  const kind = answer.headers.get("Content-Type") || "";
  return kind.includes("json") ? { done: await answer.json() } : { page: await answer.text() };
}

function token() {
  return JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
}

function say(html) {
  messages.innerHTML = html;
}

function sayPlainly(words) {
  const line = document.createElement("p");
  line.className = "notice stop";
  line.textContent = words;
  messages.replaceChildren(line);
}

const LOST = "The server could not be reached, so nothing was changed. Look at your connection and try again.";
const FAULT = "Something went wrong on our side. Load the page again to see how it stands.";
const UNSURE = "The answer did not arrive, so it is not certain that this was done. Load the page again to see how it stands.";

/* What is shown stays when asking for it fails: the calendar keeps its sessions, beside the words. */
async function sessions(address) {
  const board = root.querySelector("[data-board]");
  let words = WORDS.connection;
  let off = false;
  try {
    const answer = await fetch(address, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
    off = answer.status === 401;
    words = answer.ok ? WORDS.page : sentenceOf(await answer.clone().text()) || WORDS.server;
    const found = await answer.json();
    clear(board);
    return found;
  } catch (fault) {
    tell(board, words, () => calendar.refetchEvents(), off);
    throw fault;
  }
}

async function events(range) {
  const asked = new URLSearchParams({ start: range.startStr.slice(0, 10), end: range.endStr.slice(0, 10), by: d.by });
  for (const name of ["group", "facilitator", "room"]) if (d[name]) asked.set(name, d[name]);
  const found = await sessions(`${d.events}?${asked}`);
  closed = found.closed;
  calendar?.setOption("highlightedDates", Object.keys(closed));
  // Functions of their own, so that the names of the days are written anew with the closed ones.
  calendar?.setOption("dayHeaderFormat", (at) => dayName(at));
  calendar?.setOption("dayCellFormat", (at) => dayNumber(at));
  if (d.by !== "time") calendar?.setOption("resources", found.resources);
  for (const place of root.querySelectorAll("[data-load]")) {
    place.textContent = found.loads[place.dataset.load] || "free";
  }
  return found.events;
}

/* --- the dialog ----------------------------------------------------------------------------- */
async function act(id, fields, { back = null, from = null } = {}) {
  putBack?.();
  putBack = back;
  cameFrom = from;
  const sent = new FormData();
  for (const [name, value] of Object.entries(fields)) sent.set(name, value);
  try {
    const answer = await ask(d.move.replace(NOBODY, id), sent);
    fill(answer.page);
    if (!dialog.open) dialog.showModal();
    (body.querySelector("[name=confirm]") || body.querySelector("input:not([type=hidden]), select, button"))?.focus();
  } catch (fault) {
    giveUp();
    sayPlainly(fault.told || LOST);
  }
}

function fill(page) {
  body.innerHTML = page;
  body.querySelector("[data-act-close]")?.addEventListener("click", () => dialog.close());
}

function giveUp() {
  putBack?.();
  putBack = null;
}

/*
 * A field that changes is asked about anew. The fields themselves stay as they are: somebody may
 * still be typing in them. Of two answers only the later one counts.
 */
let asked = 0;
async function askAnew(form) {
  const turn = (asked += 1);
  const sent = new FormData(form);
  sent.delete("accept");
  try {
    const answer = await ask(form.action, sent);
    if (turn !== asked || !form.isConnected) return;
    const page = new DOMParser().parseFromString(answer.page, "text/html");
    if (page.querySelector("[data-act-anew]")) {
      // Somebody changed the session meanwhile: the fields are no longer how it stands.
      fill(answer.page);
      body.querySelector("[data-act-told]").focus();
      return;
    }
    const told = form.querySelector("[data-act-told]");
    const buttons = form.querySelector("[data-act-buttons]");
    const focused = buttons.contains(document.activeElement);
    told.replaceChildren(...page.querySelector("[data-act-told]").childNodes);
    buttons.replaceChildren(...page.querySelector("[data-act-buttons]").childNodes);
    buttons.querySelector("[data-act-close]").addEventListener("click", () => dialog.close());
    if (focused) (buttons.querySelector("[name=see]") || told).focus();
  } catch (fault) {
    dialog.close();
    sayPlainly(fault.told || LOST);
  }
}

body.addEventListener("change", (event) => {
  const form = event.target.closest("[data-act]");
  if (form && !["accept", "override_reason"].includes(event.target.name)) askAnew(form);
});

body.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-act]");
  if (!form) return;
  event.preventDefault();
  event.stopPropagation();
  if (!event.submitter || event.submitter.name !== "confirm") {
    askAnew(form);
    return;
  }
  if (form.dataset.busy) return;
  const missing = [...form.querySelectorAll("[required]")].find((field) => (field.type === "checkbox" ? !field.checked : !field.value.trim()));
  if (missing) {
    missing.classList.add("is-invalid");
    missing.focus();
    return;
  }
  form.dataset.busy = "yes";
  const sent = new FormData(form, event.submitter);
  try {
    const answer = await ask(form.action, sent);
    if (answer.page) {
      fill(answer.page);
      body.querySelector("[data-act-told]").focus();
      return;
    }
    putBack = null;
    dialog.close();
    say(answer.done.html);
    calendar.refetchEvents();
    const back = messages.querySelector("[name=next]");
    if (back) back.value = location.pathname + location.search;
    cameFrom = null;
    messages.querySelector("form button")?.focus();
  } catch (fault) {
    dialog.close();
    sayPlainly(fault.told || UNSURE);
  } finally {
    delete form.dataset.busy;
  }
});

dialog.addEventListener("close", () => {
  giveUp();
  body.replaceChildren();
  if (cameFrom) root.querySelector(`.ec-event[data-session="${cameFrom}"]`)?.focus();
  cameFrom = null;
});

/* --- a hand on a session --------------------------------------------------------------------- */
function resourceFields(info) {
  if (!info.newResource) return {};
  if (d.by === "room") return { room: info.newResource.id };
  const id = (resource) => (resource && resource.id !== "nobody" ? resource.id : "");
  return { person: id(info.newResource), instead_of: id(info.oldResource) };
}

function moved(info) {
  const { event } = info;
  act(
    event.id,
    { on: dayOf(event.start), starts: clockOf(event.start), ends: clockOf(event.end), ...resourceFields(info) },
    { back: info.revert, from: event.id },
  );
}

function clicked(info) {
  const { event } = info;
  if (held) {
    const person = held;
    letGo();
    act(event.id, { person }, { from: event.id });
    return;
  }
  if (!editable(event)) {
    location.assign(event.extendedProps.url);
    return;
  }
  act(event.id, {}, { from: event.id });
}

const editable = (event) => event.editable !== false;

function planned(info) {
  if (info.jsEvent?.target?.closest?.(".ec-event")) return;
  const at = info.date;
  const asked = new URLSearchParams({ from_on: dayOf(at), weekdays: String((at.getDay() + 6) % 7) });
  if (!info.allDay) {
    const end = new Date(at.getTime() + 50 * 60000);
    asked.set("starts", clockOf(at));
    asked.set("ends", clockOf(end));
  }
  if (info.resource && info.resource.id !== "nobody") asked.set(d.by === "room" ? "room" : "lead", info.resource.id);
  if (d.group) asked.set("group", d.group);
  if (d.room && !asked.has("room")) asked.set("room", d.room);
  if (d.facilitator && !asked.has("lead")) asked.set("lead", d.facilitator);
  location.assign(`${d.new}?${asked}`);
}

/* --- a facilitator taken to a session ---------------------------------------------------------- */
function take(button) {
  const again = held === button.dataset.hand;
  letGo();
  if (again) return;
  held = button.dataset.hand;
  button.setAttribute("aria-pressed", "true");
  root.classList.add("is-holding");
  note.textContent = `${button.querySelector(".hand-name").textContent} is taken hold of. Choose a session for them, or press Escape.`;
}

function letGo() {
  held = null;
  root.classList.remove("is-holding");
  note.textContent = "";
  for (const button of root.querySelectorAll("[data-hand]")) button.setAttribute("aria-pressed", "false");
}

/*
 * Dragging by pointer events, for mouse and finger alike. What is carried is drawn in an SVG over
 * the page, placed by an attribute. A press without a way takes hold, as Enter does.
 */
const SVG = "http://www.w3.org/2000/svg";
let drag = null;
let target = null;
let dropped = false;

function aim(over) {
  if (over === target) return;
  target?.classList.remove("is-target");
  over?.classList.add("is-target");
  target = over;
}

function draw(words) {
  const flight = document.createElementNS(SVG, "svg");
  flight.setAttribute("class", "hand-flight");
  flight.setAttribute("aria-hidden", "true");
  const carried = document.createElementNS(SVG, "g");
  const ground = document.createElementNS(SVG, "rect");
  const name = document.createElementNS(SVG, "text");
  name.textContent = words;
  carried.append(ground, name);
  flight.append(carried);
  document.body.append(flight);
  for (const [part, at] of [[ground, { x: 12, y: 8, rx: 18, height: 36, width: name.getComputedTextLength() + 32 }], [name, { x: 28, y: 31 }]]) {
    for (const [key, value] of Object.entries(at)) part.setAttribute(key, value);
  }
  return { flight, carried };
}

root.addEventListener("pointerdown", (event) => {
  const chip = event.target.closest("[data-hand]");
  if (!chip || event.button) return;
  drag = { chip, x: event.clientX, y: event.clientY, drawn: null };
  dropped = false;
});

addEventListener("pointermove", (event) => {
  if (!drag) return;
  if (!drag.drawn) {
    if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < A_WAY) return;
    letGo();
    drag.drawn = draw(drag.chip.querySelector(".hand-name").textContent);
    document.body.classList.add("is-carrying");
  }
  drag.drawn.carried.setAttribute("transform", `translate(${event.clientX} ${event.clientY})`);
  aim(document.elementFromPoint(event.clientX, event.clientY)?.closest(".ec-event[data-session]") || null);
});

function land(over) {
  const { chip, drawn } = drag;
  drag = null;
  aim(null);
  if (!drawn) return;
  drawn.flight.remove();
  document.body.classList.remove("is-carrying");
  dropped = true;
  if (!over) return;
  const session = calendar.getEventById(over.dataset.session);
  if (session && editable(session)) act(session.id, { person: chip.dataset.hand }, { from: session.id });
  else sayPlainly("That session is over or cancelled, so who led it stays as it is.");
}

addEventListener("pointerup", () => drag && land(target));
addEventListener("pointercancel", () => drag && land(null));

root.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-hand]");
  if (chip && !dropped) take(chip);
  dropped = false;
});

addEventListener("keydown", (event) => {
  if (event.key === "Escape" && held) letGo();
});

/* --- how a session looks ----------------------------------------------------------------------- */
function span(className, words) {
  const part = document.createElement("span");
  part.className = className;
  part.textContent = words;
  return part;
}

function content(info) {
  const { title, extendedProps: known } = info.event;
  const name = document.createElement("b");
  name.textContent = title;
  if (info.view.type.startsWith("dayGrid")) {
    name.textContent = `${spoken(info.event.start)} ${title}`;
    return { domNodes: [name] };
  }
  const moving = info.event.display === "preview";
  const times = moving ? `${spoken(info.event.start)}–${spoken(info.event.end)}` : known.times;
  const led = d.by !== "facilitator" && known.leads ? ` · ${known.leads}` : "";
  const where = d.by === "room" ? "" : ` · ${known.room}`;
  return { domNodes: [name, span("when", `${times}${where}`), span("how", `${known.words}${led}`)] };
}

function mounted(info) {
  const { el, event } = info;
  if (event.display !== "auto") return;
  el.dataset.session = event.id;
  const known = event.extendedProps;
  el.title = known.whole;
  el.setAttribute("aria-label", `${known.whole}${editable(event) ? ". Press Enter to change it" : ""}`);
}

function withReason(at, words) {
  const reason = closed[dayOf(at)];
  const parts = [document.createTextNode(words)];
  if (reason) parts.push(span("closed-words", `Closed: ${reason}`));
  return { domNodes: parts };
}

const dayName = (at) => (d.view === "month" ? DAYS[at.getDay()] : withReason(at, `${DAYS[at.getDay()]} ${at.getDate()}`));
const dayNumber = (at) => withReason(at, String(at.getDate()));

function resourceName(info) {
  const name = span("of-a-resource", info.resource.title);
  name.title = info.resource.title;
  return { domNodes: [name] };
}

/*
 * The component calls its grid a table but puts the sessions beside the cells, which no table
 * allows. Its roles are taken away: each session is a button that says its day, time and place.
 */
function mendRoles() {
  for (const part of root.querySelectorAll(".ec, .ec :not(.ec-event)")) for (const name of OF_A_TABLE) part.removeAttribute(name);
}

function columnWidth(resources) {
  if (resources) return d.view === "week" ? "8.5rem" : "minmax(9rem, 1fr)";
  const beside = Number(d.beside);
  return beside > 2 && d.view === "week" ? `minmax(${Math.min(beside * 3, 18)}rem, 1fr)` : undefined;
}

/* --- the surface --------------------------------------------------------------------------------- */
function start() {
  const days = Number(d.days);
  const resources = d.by !== "time";
  calendar = EventCalendar.create(root.querySelector("[data-board]"), {
    view: VIEWS[d.by][d.view],
    date: d.date,
    timeZone: d.offset,
    locale: "en-US",
    firstDay: 1,
    hiddenDays: d.view === "day" || days >= 7 ? [] : days === 6 ? [0] : [0, 6],
    headerToolbar: { start: "", center: "", end: "" },
    allDaySlot: false,
    slotMinTime: `${two(Math.min(Number(d.first), 8))}:00`,
    slotMaxTime: `${two(Math.max(Number(d.last), 17))}:00`,
    slotDuration: "00:30",
    slotHeight: 38,
    snapDuration: "00:05",
    slotEventOverlap: false,
    slotLabelFormat: spoken,
    dayHeaderFormat: dayName,
    dayCellFormat: dayNumber,
    resourceLabelContent: resourceName,
    columnWidth: columnWidth(resources),
    datesAboveResources: true,
    nowIndicator: true,
    editable: true,
    eventResizableFromStart: false,
    dayMaxEvents: false,
    highlightedDates: [],
    resources: [],
    eventSources: [{ events }],
    eventContent: content,
    eventDidMount: mounted,
    eventAllUpdated: mendRoles,
    viewDidMount: mendRoles,
    datesSet: () => queueMicrotask(mendRoles),
    eventClick: clicked,
    eventDrop: moved,
    eventResize: moved,
    dateClick: planned,
  });
}

function show() {
  const room = wide.matches && typeof EventCalendar !== "undefined";
  root.hidden = !room;
  if (plain) plain.hidden = room;
  if (small) small.hidden = room;
  if (room && !calendar) start();
}

wide.addEventListener("change", show);
show();
