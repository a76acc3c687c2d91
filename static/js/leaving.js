/*
 * After signing out nothing of a record stays. The sign-out button first lets every tab save, asks
 * when words would be lost, clears what the device keeps, and then signs out; all tabs of that
 * person empty themselves. When somebody else signs in on this device, pages of the one before are
 * covered. A page that comes back from the browser's memory is loaded anew.
 */
import { anythingOf, forget, sweep } from "./keep.js";

const PATIENCE = 4000;
const form = document.querySelector("form[data-sign-out]");
const person = form?.dataset.signOut || "";
const channel = globalThis.BroadcastChannel ? new BroadcastChannel("people") : null;
const tell = (kind) => channel?.postMessage({ kind, person });

/* Pages with words that are not saved count themselves in. */
const unsaved = () => {
  const asked = new CustomEvent("unsaved", { detail: { parts: 0 } });
  document.dispatchEvent(asked);
  return asked.detail.parts > 0 || anythingOf(person);
};

const settled = async () => {
  const until = Date.now() + PATIENCE;
  while (unsaved() && Date.now() < until) await new Promise((next) => { setTimeout(next, 100); });
  return !unsaved();
};

const sure = (dialog) =>
  new Promise((answer) => {
    dialog.addEventListener("close", () => answer(dialog.returnValue === "leave"), { once: true });
    dialog.returnValue = "";
    dialog.showModal();
  });

const empty = () => {
  document.dispatchEvent(new Event("going"));
  const cover = document.querySelector("template[data-signed-out]")?.content.cloneNode(true);
  document.body.replaceChildren(...(cover ? [cover] : []));
  document.title = "Signed out";
};

const cover = (covered) => {
  // A page in which something may have been entered looks itself and keeps it.
  const looks = covered && !document.dispatchEvent(new Event("signed-off", { cancelable: true }));
  if (!looks) document.documentElement.classList.toggle("covered", covered);
};

sweep();
if (form) {
  tell("here");
  form.addEventListener("submit", async (event) => {
    if (form.dataset.ready) return;
    event.preventDefault();
    document.dispatchEvent(new Event("save-now"));
    tell("save");
    if (!(await settled()) && !(await sure(document.querySelector("[data-leave-words]")))) return;
    form.dataset.ready = "yes";
    document.dispatchEvent(new Event("going"));
    forget(person);
    tell("signed-out");
    setTimeout(() => form.requestSubmit()); // a form is not sent while its own submit event still runs
  });
}
channel?.addEventListener("message", ({ data }) => {
  if (!person) return;
  if (data.kind === "here") cover(data.person !== person);
  else if (data.person !== person) return;
  else if (data.kind === "save") document.dispatchEvent(new Event("save-now"));
  else if (data.kind === "signed-out") empty();
});
addEventListener("pageshow", (event) => {
  if (!event.persisted || !person) return;
  document.documentElement.classList.add("covered");
  location.reload();
});
