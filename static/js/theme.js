/*
 * Light or dark, by the person's own choice. The server writes the choice on <html data-theme>;
 * the button in the person's menu goes round "as the device", "light", "dark", keeps it on the
 * server where it can, and shows it at once.
 */
const words = { "": "As the device", light: "Light", dark: "Dark" };
const order = ["", "light", "dark"];
const root = document.documentElement;

for (const button of document.querySelectorAll("[data-theme-next]")) {
  const word = button.querySelector("[data-theme-word]");
  const show = () => {
    word.textContent = `Colours: ${words[root.dataset.theme || ""].toLowerCase()}`;
  };
  const address = button.dataset.themeUrl;
  if (!address) continue;
  button.hidden = false;
  show();
  button.addEventListener("click", () => {
    const next = order[(order.indexOf(root.dataset.theme || "") + 1) % order.length];
    if (next) root.dataset.theme = next;
    else delete root.dataset.theme;
    show();
    const token = document.querySelector("input[name=csrfmiddlewaretoken]");
    fetch(address, {
      method: "POST",
      headers: token ? { "X-CSRFToken": token.value } : {},
      body: new URLSearchParams({ theme: next }),
    });
  });
}
