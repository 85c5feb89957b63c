// Puts the registration code into the lines of the page: from the part of the
// address that browsers keep to themselves, or as it is typed.
const mark = "YOURCODE";
const field = document.querySelector("[data-code]");
const lines = [...document.querySelectorAll(".copy code")].map((line) => [line, line.textContent]);

function fill() {
  const code = field.value.toUpperCase().replace(/[^A-Z0-9]/g, "");
  for (const [line, text] of lines) line.textContent = text.replaceAll(mark, code.length === 8 ? code : mark);
}

if (field) {
  field.value = location.hash.slice(1).replace(/[^A-Za-z0-9]/g, "").slice(0, 8);
  field.addEventListener("input", fill);
  fill();
}
