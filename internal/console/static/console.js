// What pages gain where scripts run: times in the reader's zone, lines to copy,
// parts that load later, and news as it happens. Every page works without.
import { askMoments, tellTimes } from "./times.js";
import "./act.js";
import "./enrol.js";
import "./look.js";
import "./select.js";

// wake prepares what is below an element, after each time that something came in.
function wake(root) {
  tellTimes(root);
  askMoments(root);
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
  for (const part of root.querySelectorAll("[data-load]")) load(part);
  for (const part of root.querySelectorAll("[data-live]")) follow(part);
}

// put replaces an element by what the server made, and keeps the focus where it is.
function put(old, html) {
  const made = document.createElement("template");
  made.innerHTML = html;
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  const around = old.parentElement;
  const fresh = [...made.content.children];
  old.replaceWith(...fresh);
  fresh.forEach(label);
  if (focused) document.getElementById(focused)?.focus();
  wake(around ?? document);
}

// label tells the cells of rows that came in what the server tells those of a
// page (cards.go): their role, and the text of their column's head.
function label(rows) {
  const heads = rows.closest("table")?.tHead?.rows[0].cells;
  if (!heads) return;
  if (rows.matches("tbody")) rows.setAttribute("role", "rowgroup");
  for (const row of rows.matches("tr") ? [rows] : rows.rows ?? []) {
    row.setAttribute("role", "row");
    for (const [i, cell] of [...row.cells].entries()) {
      cell.setAttribute("role", "cell");
      if (heads[i]?.dataset.label) cell.dataset.label = heads[i].dataset.label;
    }
  }
}

// load fetches a part of the page that takes the server longer than the page.
async function load(part) {
  const address = part.dataset.load;
  delete part.dataset.load;
  const asked = { headers: { Accept: "text/html" } };
  if ("post" in part.dataset) Object.assign(asked, { method: "POST", body: new URLSearchParams(new FormData(part.closest("form"))) });
  const answer = await fetch(address, asked).catch(() => null);
  if (answer?.ok) return put(part, await answer.text());
  if (answer?.status === 401) return location.reload();
  const said = document.createElement("p");
  said.className = "notice bad";
  said.setAttribute("role", "alert");
  said.textContent = document.documentElement.lang === "de"
    ? "Das konnte nicht geladen werden. Laden Sie die Seite neu." : "This could not be loaded. Load the page again.";
  part.replaceWith(said);
}

// follow listens to news: each names an element by id and brings its new form.
function follow(part) {
  const address = part.dataset.live;
  delete part.dataset.live;
  const news = new EventSource(address);
  news.addEventListener("put", (event) => {
    const { id, html } = JSON.parse(event.data);
    const old = document.getElementById(id);
    if (old) put(old, html);
  });
  news.addEventListener("end", () => news.close());
  addEventListener("pagehide", () => news.close());
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
  const word = button.querySelector("span");
  const before = word.textContent;
  word.textContent = button.dataset.copy || "✓";
  setTimeout(() => { word.textContent = before; }, 1500);
});

// A button that asks for something puts the answer where it says.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-ask]");
  if (!button) return;
  const place = document.getElementById(button.dataset.into);
  const part = document.createElement("div");
  part.className = "skeleton";
  part.append(document.createElement("i"), document.createElement("i"));
  part.dataset.load = button.dataset.ask;
  place.replaceChildren(part);
  load(part);
});

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  if (event.target.dataset.sent) return event.preventDefault();
  event.target.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

wake(document);
