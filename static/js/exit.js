/*
 * The quick exit: blanks the page, signs out on the way, and goes to a neutral page that takes
 * this one's place in the history. Shift three times within two seconds does the same.
 */
const button = document.querySelector("[data-quick-exit]");

function leave() {
  document.body.replaceChildren();
  document.title = "";
  const address = button.dataset.signOut;
  const token = button.dataset.token;
  if (address && token) {
    fetch(address, { method: "POST", keepalive: true, redirect: "manual", headers: { "X-CSRFToken": token } });
  }
  location.replace(button.href);
}

if (button) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    leave();
  });
  let presses = [];
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Shift") {
      presses = [];
      return;
    }
    if (event.repeat) return;
    const now = performance.now();
    presses = presses.filter((then) => now - then < 2000);
    presses.push(now);
    if (presses.length >= 3) leave();
  });
}
