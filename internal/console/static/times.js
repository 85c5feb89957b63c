// Times as the reader counts them. The exact one in UTC is in the title, where
// the server put it.
const language = document.documentElement.lang;
const exact = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
const units = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

function ago(then) {
  const seconds = (then - Date.now()) / 1000;
  const [unit, length] = units.find(([, size]) => Math.abs(seconds) >= size) ?? units.at(-1);
  return relative.format(Math.trunc(seconds / length), unit);
}

export function tellTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const then = new Date(time.dateTime);
    if (!isNaN(then)) time.textContent = "ago" in time.dataset ? ago(then) : exact.format(then);
  }
}

// What is seconds old changes as one looks.
setInterval(() => tellTimes(document), 5000);

// Moments that a form asks for are in UTC as the server writes them, and where no
// script runs; here they are in the reader's zone. What is sent is in UTC always.
export function askMoments(root) {
  for (const zone of root.querySelectorAll("[data-zone]")) zone.textContent = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const input of root.querySelectorAll("input[data-moment]")) {
    const then = new Date(`${input.defaultValue}Z`);
    if (isNaN(then) || input.value !== input.defaultValue) continue;
    input.value = new Date(then - then.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  }
}

addEventListener("formdata", ({ target, formData }) => {
  for (const input of target.querySelectorAll("input[data-moment]")) {
    const then = new Date(input.value);
    if (!isNaN(then)) formData.set(input.name, then.toISOString());
  }
});
