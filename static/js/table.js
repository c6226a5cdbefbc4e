// Tables with a selection: click selects, double click opens, keys move, the toolbar acts on what is selected.
const INTERACTIVE = "a, button, input, select, textarea, label, summary, .menu-panel";

const rowsOf = (table) => [...table.querySelectorAll("tr[data-id]")];
const selectedIn = (table) => rowsOf(table).filter((row) => row.getAttribute("aria-selected") === "true");

// Rows that are ticked for a form: going to one does not untick the others.
const isTicked = (row) => row.querySelector(".col-pick") !== null;

function mark(row, on) {
  if (on) row.setAttribute("aria-selected", "true");
  else row.removeAttribute("aria-selected");
  const box = row.querySelector("[data-check]");
  if (box) box.checked = on;
}

function selectOnly(table, row) {
  for (const other of rowsOf(table)) mark(other, other === row);
}

function toolFits(tool, selected) {
  const { needs, tool: action } = tool.dataset;
  if (needs === "any") return true;
  if (needs === "some") return selected.length > 0;
  return selected.length === 1 && (!action || action in selected[0].dataset);
}

function refresh(table) {
  const selected = selectedIn(table);
  for (const tool of table.querySelectorAll("[data-tool]")) tool.disabled = !toolFits(tool, selected);
  const all = table.querySelector("[data-check-all]");
  if (!all) return;
  all.checked = selected.length > 0 && selected.length === rowsOf(table).length;
  all.indeterminate = selected.length > 0 && !all.checked;
}

function submit(table, url, fields) {
  const form = table.querySelector("[data-table-form]");
  form.action = url;
  for (const [name, value] of fields) {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
  form.submit();
}

function use(tool, table) {
  const selected = selectedIn(table);
  const { tool: action, post, method, name, value } = tool.dataset;
  if (post) {
    const fields = selected.map((row) => ["ids", row.dataset.id]);
    if (name) fields.push([name, value]);
    submit(table, post, fields);
    return;
  }
  const { [action]: url, copyNext: next } = selected[0].dataset;
  if (action === "copy") document.dispatchEvent(new CustomEvent("copy-text", { detail: { value: url, next } }));
  else if (method === "post") submit(table, url, []);
  else location.assign(url);
}

document.addEventListener("click", (event) => {
  const table = event.target.closest("[data-table]");
  if (!table) return;
  const tool = event.target.closest("[data-tool]");
  if (tool) return use(tool, table);
  const row = event.target.closest("tr[data-id]");
  if (!row || event.target.closest(INTERACTIVE)) return;
  if (event.ctrlKey || event.metaKey || isTicked(row)) mark(row, row.getAttribute("aria-selected") !== "true");
  else selectOnly(table, row);
  row.focus({ preventScroll: true });
  refresh(table);
});

document.addEventListener("dblclick", (event) => {
  const row = event.target.closest("tr[data-href]");
  if (!row || event.target.closest(INTERACTIVE)) return;
  getSelection().removeAllRanges();
  location.assign(row.dataset.href);
});

document.addEventListener("change", (event) => {
  const table = event.target.closest("[data-table]");
  if (!table) return;
  if (event.target.matches("[data-check]")) mark(event.target.closest("tr"), event.target.checked);
  if (event.target.matches("[data-check-all]")) rowsOf(table).forEach((row) => mark(row, event.target.checked));
  refresh(table);
});

document.addEventListener("keydown", (event) => {
  const row = event.target;
  if (!row.matches?.("[data-table] tr[data-id]")) return;
  const table = row.closest("[data-table]");
  const rows = rowsOf(table);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    const next = rows[rows.indexOf(row) + step];
    if (next) {
      if (!isTicked(next)) selectOnly(table, next);
      next.focus();
    }
  } else if (event.key === " ") mark(row, row.getAttribute("aria-selected") !== "true");
  else if (event.key === "Enter" && row.dataset.href) return location.assign(row.dataset.href);
  else return;
  event.preventDefault();
  refresh(table);
});

function start() {
  const wanted = new URLSearchParams(location.search).get("selected");
  for (const table of document.querySelectorAll("[data-table]")) {
    const row = rowsOf(table).find((candidate) => candidate.dataset.id === wanted);
    if (row && !table.dataset.started) {
      selectOnly(table, row);
      row.scrollIntoView({ block: "nearest" });
    }
    table.dataset.started = "1";
    const first = selectedIn(table)[0] ?? rowsOf(table)[0];
    if (first) first.tabIndex = 0;
    for (const box of table.querySelectorAll("[data-check]:checked")) mark(box.closest("tr"), true);
    refresh(table);
  }
}

start();
document.addEventListener("htmx:afterSettle", start);
