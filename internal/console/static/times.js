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
