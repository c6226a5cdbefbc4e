// Copying: the clipboard where the browser allows it, else the text is selected and the person told which keys to press.
const words = document.getElementById("toasts")?.dataset ?? {};

function confirm(button) {
  button.dataset.copied = "";
  setTimeout(() => delete button.dataset.copied, 2000);
}

function selectInstead(button, value, link) {
  const box = button?.closest("[data-copy-box]");
  const input = box?.querySelector("input");
  if (!input) {
    document.dispatchEvent(new CustomEvent("toast", { detail: { text: words.textPress, tone: "info", field: value, link } }));
    return;
  }
  input.focus();
  input.select();
  const hint = box.querySelector(".copy-hint");
  hint.textContent = words.textPress;
  hint.hidden = false;
}

async function copy(value, button, link) {
  try {
    await navigator.clipboard.writeText(value); // absent on plain http, refused without permission
    return true;
  } catch {
    selectInstead(button, value, link);
    return false;
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-value]");
  if (button && (await copy(button.dataset.copyValue, button))) confirm(button);
});

document.addEventListener("copy-text", async (event) => {
  const { value, next } = event.detail;
  const link = next ? { href: next, label: words.textNext } : undefined;
  if (await copy(value, null, link)) {
    document.dispatchEvent(new CustomEvent("toast", { detail: { text: words.textCopied, code: value, link } }));
  }
});
