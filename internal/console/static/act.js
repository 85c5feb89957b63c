// The form of an order: what depends on a choice shows only with it.
function fit(form) {
  const chosen = new Set();
  for (const [name, value] of new FormData(form)) chosen.add(`${name}=${value}`);
  for (const part of form.querySelectorAll("[data-when]")) part.hidden = !chosen.has(part.dataset.when);
}

for (const form of document.querySelectorAll("form[data-order]")) {
  form.addEventListener("input", (event) => {
    const radio = event.target.dataset.picks && document.getElementById(event.target.dataset.picks);
    if (radio) radio.checked = true;
    fit(form);
  });
  fit(form);
}
