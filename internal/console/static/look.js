// The theme changes on the page that is open, which may show what nothing shows
// again, and is kept for those that follow.
document.addEventListener("click", (event) => {
  const button = event.target.closest(".look button");
  if (!button) return;
  if (button.name !== "theme") { // the page comes back at the same place
    button.form.action = button.form.action.split("#")[0] + location.hash;
    return;
  }
  event.preventDefault();
  for (const other of document.querySelectorAll(".look [name=theme]")) other.ariaPressed = String(other.value === button.value);
  if (button.value) document.documentElement.dataset.theme = button.value;
  else delete document.documentElement.dataset.theme;
  fetch(button.form.action, { method: "POST", redirect: "manual", body: new URLSearchParams({ theme: button.value }) }).catch(() => {});
});
