// Forms: a guard for unsaved changes, one submission per press, rows that grow, filters that apply themselves.
const written = (form) => {
  const data = new FormData(form);
  data.delete("csrfmiddlewaretoken");
  return JSON.stringify([...data].map(([name, value]) => [name, value.name ?? value]));
};

const before = new Map();
for (const form of document.querySelectorAll("form[data-guard]")) {
  before.set(form, form.querySelector("[data-form-errors]") ? null : written(form));
}

addEventListener("beforeunload", (event) => {
  for (const [form, value] of before) {
    if (form.isConnected && written(form) !== value) event.preventDefault();
  }
});

document.querySelector("[data-form-errors]")?.focus();

document.addEventListener("submit", (event) => {
  const form = event.target;
  before.delete(form);
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sending) return event.preventDefault();
  form.dataset.sending = "1";
  event.submitter?.setAttribute("aria-busy", "true");
});

addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sending]")) delete form.dataset.sending;
  for (const button of document.querySelectorAll('[aria-busy="true"]')) button.removeAttribute("aria-busy");
});

document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form");
  if (form) delete form.dataset.sending;
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});

document.addEventListener("click", (event) => {
  const add = event.target.closest("[data-rows-add]");
  if (add) addRow(add.closest("[data-rows]"));
  const remove = event.target.closest("[data-rows-remove]");
  if (remove) removeRow(remove.closest("[data-rows-item]"));
});

function addRow(rows) {
  const total = rows.querySelector(`[name="${rows.dataset.prefix}-TOTAL_FORMS"]`);
  const template = rows.querySelector("template");
  const item = document.createElement("div");
  item.innerHTML = template.innerHTML.replaceAll("__prefix__", total.value);
  const row = item.firstElementChild;
  template.before(row);
  total.value = Number(total.value) + 1;
  showChosen(row);
  row.querySelector("input:not([type=hidden]), select, textarea")?.focus();
}

function removeRow(item) {
  const box = item.querySelector('input[name$="-DELETE"]');
  if (box) box.checked = true;
  item.hidden = true;
}

// A part that belongs to one choice shows while that is chosen: data-shown-by names the field, data-shown-for its values.
function showChosen(root) {
  for (const part of root.querySelectorAll("[data-shown-by]")) {
    const form = part.closest("form");
    const data = form && new FormData(form);
    const name = (part.name ?? "").replace(/[^-]*$/, "") + part.dataset.shownBy;
    const value = data?.has(name) ? data.get(name) : data?.get(part.dataset.shownBy);
    const box = part.name ? part.closest("[data-field]") : part;
    const wanted = part.dataset.shownFor.split(" ").includes(value);
    box.hidden = !wanted && !box.querySelector(".errorlist");
    // A fold that is all there is to see stands open.
    const fold = box.querySelector(":scope > details.fold");
    if (fold && !box.hidden) fold.open = true;
  }
}
showChosen(document);
document.addEventListener("change", (event) => event.target.form && showChosen(event.target.form));

// Ctrl-Enter sends from a text field of a composer.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.closest("[data-composer]")?.requestSubmit();
});
