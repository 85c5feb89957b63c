// The form of an order: what depends on a choice shows only with it, and a date is
// sent as UTC, whatever the reader's zone.
function fit(form) {
  const chosen = new Set();
  for (const [name, value] of new FormData(form)) chosen.add(`${name}=${value}`);
  for (const part of form.querySelectorAll("[data-when]")) part.hidden = !chosen.has(part.dataset.when);
  for (const date of form.querySelectorAll("[data-utc]")) {
    const then = new Date(date.value);
    form.elements[date.dataset.utc].value = isNaN(then) ? "" : then.toISOString();
  }
}

for (const form of document.querySelectorAll("form[data-order]")) {
  form.addEventListener("input", (event) => {
    const radio = event.target.dataset.picks && document.getElementById(event.target.dataset.picks);
    if (radio) radio.checked = true;
    fit(form);
  });
  for (const zone of form.querySelectorAll("[data-zone]")) zone.textContent = Intl.DateTimeFormat().resolvedOptions().timeZone;
  fit(form);
}
