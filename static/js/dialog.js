/*
 * Dialogs are the platform's own <dialog>. `data-dialog="id"` on a button opens it; a link may
 * carry it too, so that without script it leads to a page of its own. A click on the veil closes.
 * `data-confirm="id"` on a submit button asks first; inside the dialog `data-go` goes on.
 */
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (dialog?.showModal) {
      event.preventDefault();
      opener.closest("details[data-panel]")?.removeAttribute("open");
      if (!dialog.open) dialog.showModal();
    }
    return;
  }

  const asker = event.target.closest("[data-confirm]");
  if (asker && !asker.dataset.asked) {
    const dialog = document.getElementById(asker.dataset.confirm);
    if (dialog?.showModal) {
      event.preventDefault();
      dialog.showModal();
      dialog.querySelector("[data-go]")?.addEventListener(
        "click",
        () => {
          asker.dataset.asked = "yes";
          dialog.close();
          asker.form ? asker.form.requestSubmit(asker) : asker.click();
        },
        { once: true },
      );
    }
    return;
  }

  if (event.target instanceof HTMLDialogElement && event.target.classList.contains("dialog")) {
    const box = event.target.getBoundingClientRect();
    const inside =
      event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
  }
});
