// What pages gain where scripts run: times in the reader's zone, lines to copy,
// parts that load later, and news as it happens. Every page works without.
import { askMoments, tellTimes } from "./times.js";
import "./act.js";
import "./enrol.js";
import "./look.js";
import { renew } from "./renew.js";
import "./select.js";

// wake prepares what is below an element, after each time that something came in.
function wake(root) {
  tellTimes(root);
  askMoments(root);
  for (const part of root.querySelectorAll("[data-load]")) load(part);
  for (const part of root.querySelectorAll("[data-live]")) follow(part);
}

// put brings in what the server made of an element. News of one change only what
// is another than before: where the focus is and what is open stays.
function put(old, html) {
  const made = document.createElement("template");
  made.innerHTML = html;
  const elsewhere = [...made.content.querySelectorAll("template[data-for]")]; // of the page, what came along
  for (const part of elsewhere) part.remove();
  const fresh = [...made.content.children];
  for (const one of fresh) label(one, old.closest("table"));
  tellTimes(made.content);
  const around = old.parentElement;
  const focused = document.activeElement;
  if (old.id && fresh.length === 1 && fresh[0].id === old.id) renew(old, fresh[0]);
  else old.replaceWith(...fresh);
  if (!focused.isConnected) document.getElementById("main").focus({ preventScroll: true });
  wake(around ?? document);
  for (const part of elsewhere) {
    const place = document.getElementById(part.dataset.for);
    if (place) put(place, part.innerHTML.trim());
  }
}

// label tells the cells of rows that came in what the server tells those of a
// page (cards.go): their role, and the text of their column's head.
function label(rows, table) {
  const heads = table?.tHead?.rows[0].cells;
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
  part.removeAttribute("aria-busy");
  if (part.matches("span")) return part.remove();
  const said = notice("unloaded");
  if (part.matches("tr")) part.cells[0].replaceChildren(said);
  else if (part.matches(".skeleton")) part.replaceWith(said);
  else part.prepend(said);
}

// notice is one of the sentences that the layout has ready.
function notice(id) {
  return document.getElementById(id).content.cloneNode(true);
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
  news.addEventListener("error", () => { // else the browser comes back by itself
    if (news.readyState === EventSource.CLOSED) part.before(notice("unfollowed"));
  });
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
  part.append(document.createElement("i"), document.createElement("i"), document.createElement("i"));
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
