// What every page does: appearance, menus, dialogs, toasts, the search key, threads that open at their end.
const toasts = document.getElementById("toasts");

// --- Appearance: the server draws the page by this cookie, so nothing flashes ---
document.addEventListener("click", (event) => {
  const choice = event.target.closest("[data-theme-choice]");
  if (!choice) return;
  const theme = choice.dataset.themeChoice;
  document.documentElement.dataset.theme = theme;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `theme=${theme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button === choice));
  }
});

// --- Menus ---
const openMenus = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of openMenus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
  if (event.key === "/" && !event.target.closest("input, textarea, select, [contenteditable]")) {
    const search = document.querySelector('[data-hotkey="/"]');
    if (search) {
      event.preventDefault();
      search.focus();
    }
  }
});

document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target;
    if (!menu.matches?.("details.row-menu")) return;
    menu.classList.remove("menu-up");
    if (menu.open && menu.querySelector(".menu-panel").getBoundingClientRect().bottom > innerHeight) {
      menu.classList.add("menu-up");
    }
  },
  true,
);

// --- Dialogs ---
document.addEventListener("click", (event) => {
  const target = event.target;
  const link = target.closest("[data-confirm] > a");
  if (link && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    link.parentElement.querySelector("dialog").showModal();
  }
  const opener = target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  if (target.closest("[data-close]") || target.matches("dialog[open]")) target.closest("dialog")?.close();
});

// --- Toasts: {text, tone, code, link: {href, label}, field} ---
function close(toast) {
  toast.remove();
}

function leaveByItself(toast) {
  let timer = setTimeout(close, 7000, toast);
  toast.addEventListener("pointerenter", () => clearTimeout(timer));
  toast.addEventListener("focusin", () => clearTimeout(timer));
  toast.addEventListener("pointerleave", () => (timer = setTimeout(close, 3000, toast)));
}

function show({ text, tone = "good", code, link, field }) {
  const toast = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
  toast.classList.add(`toast-${tone}`);
  const body = toast.querySelector(".toast-text");
  body.append(text);
  if (code) body.append(Object.assign(document.createElement("code"), { textContent: code }));
  if (field) {
    const input = Object.assign(document.createElement("input"), { type: "text", readOnly: true, value: field });
    input.className = "copy-field";
    body.append(input);
  }
  if (link) body.append(" ", Object.assign(document.createElement("a"), { href: link.href, textContent: link.label }));
  toasts.append(toast);
  if (field) body.querySelector("input").select();
  else leaveByItself(toast);
}

if (toasts) {
  document.addEventListener("toast", (event) => show(event.detail));
  toasts.addEventListener("click", (event) => {
    if (event.target.closest(".toast-close")) close(event.target.closest(".toast"));
  });
  toasts.querySelectorAll(".toast").forEach(leaveByItself);
  document.addEventListener("htmx:sendError", () => show({ text: toasts.dataset.textFailed, tone: "bad" }));
}

// --- Threads open at their newest message and stay there while one reads the end ---
const threads = () => document.querySelectorAll("[data-thread]");
const toEnd = (thread) => (thread.scrollTop = thread.scrollHeight);
threads().forEach(toEnd);

let atEnd = true;
document.addEventListener("htmx:beforeSwap", () => {
  atEnd = [...threads()].every((thread) => thread.scrollHeight - thread.scrollTop - thread.clientHeight < 80);
});
document.addEventListener("htmx:afterSettle", () => {
  if (atEnd) threads().forEach(toEnd);
});
