// Choosing rows of a list: a whole page, a range with the shift key, and how many
// are chosen. What is chosen is kept in the form alone.
let last = null;

const rows = "tbody input[type=checkbox][name=id]";
const boxes = () => [...document.querySelectorAll(rows)];

function tell() {
  const all = boxes();
  const chosen = all.filter((box) => box.checked).length;
  for (const every of document.querySelectorAll("[data-every]")) {
    every.checked = chosen > 0 && chosen === all.length;
    every.indeterminate = chosen > 0 && chosen < all.length;
  }
  for (const button of document.querySelectorAll("[data-chosen]")) {
    button.disabled = chosen === 0;
    button.querySelector(".count").textContent = chosen > 0 ? ` (${chosen})` : "";
  }
}

document.addEventListener("click", (event) => {
  const box = event.target;
  if (box.matches?.("[data-every]")) {
    for (const one of boxes()) one.checked = box.checked;
    return tell();
  }
  if (!box.matches?.(rows)) return;
  const all = boxes();
  const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
  if (event.shiftKey && from >= 0) for (const one of all.slice(from, to + 1)) one.checked = box.checked;
  last = box;
  tell();
});

// What is not filtered by stays out of the address.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "get") return;
  for (const field of event.target.elements) if (field.name && !field.value) field.disabled = true;
});
addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("form[method=get] :disabled")) field.disabled = false;
  tell();
});
tell();
