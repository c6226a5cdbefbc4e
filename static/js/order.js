// Rows in an order: drag a handle, or grab it with Space and move it with the arrows; what happens is said aloud.
// Rows of a form number their hidden places; a list posts the new place, its order and the version that it shows.
const itemsOf = (box) => [...box.querySelectorAll("[data-order-item]")].filter((item) => !item.hidden);
const placeOf = (item) => itemsOf(item.closest("[data-order]")).indexOf(item) + 1;

let held = null;

function say(item, what) {
  const box = item.closest("[data-order]");
  const speaker = box.querySelector("[data-order-says]") ?? document.querySelector("[data-order-says]");
  const words = speaker?.dataset[what] ?? "";
  const first = Number(box.dataset.first ?? 1) - 1;
  const count = box.dataset.count ?? itemsOf(box).length;
  if (speaker) speaker.textContent = words.replace("{place}", first + placeOf(item)).replace("{count}", count);
}

function grab(item) {
  const items = itemsOf(item.closest("[data-order]"));
  held = { item, next: items[items.indexOf(item) + 1] ?? null, last: items.at(-1), from: placeOf(item) };
  item.classList.add("order-held");
  item.querySelector("[data-order-handle]")?.setAttribute("aria-pressed", "true");
}

function letGo() {
  held.item.classList.remove("order-held");
  held.item.querySelector("[data-order-handle]")?.setAttribute("aria-pressed", "false");
  held = null;
}

function step(item, by) {
  const items = itemsOf(item.closest("[data-order]"));
  const other = items[items.indexOf(item) + by];
  if (!other) return;
  if (by < 0) other.before(item);
  else other.after(item);
}

function putBack() {
  const { item, next, last } = held;
  if (next) next.before(item);
  else if (last !== item) last.after(item);
  say(item, "back");
  letGo();
}

function drop() {
  const { item, from } = held;
  letGo();
  if (placeOf(item) === from) return say(item, "back");
  say(item, "dropped");
  const box = item.closest("[data-order]");
  if (box.dataset.order === "list") post(box, item);
  else number(box);
}

function number(box) {
  itemsOf(box).forEach((item, place) => {
    const input = item.querySelector('input[name$="-ORDER"]');
    if (input) input.value = place + 1;
  });
}

function post(box, item) {
  const form = document.getElementById(box.dataset.form);
  form.action = item.dataset.move;
  form.elements.place.value = Number(box.dataset.first) - 1 + placeOf(item);
  form.elements.order.value = itemsOf(box).map((one) => one.dataset.id).join(" ");
  form.submit();
}

function over(event) {
  const { item } = held;
  for (const other of itemsOf(item.closest("[data-order]"))) {
    const { top, bottom, height } = other.getBoundingClientRect();
    if (other === item || event.clientY < top || event.clientY > bottom) continue;
    if (event.clientY < top + height / 2) other.before(item);
    else other.after(item);
    return;
  }
}

document.addEventListener("pointerdown", (event) => {
  const handle = event.target.closest?.("[data-order-handle]");
  if (!handle || event.button !== 0) return;
  event.preventDefault();
  handle.focus();
  if (held) letGo();
  grab(handle.closest("[data-order-item]"));
  held.pointer = event.pointerId;
});

document.addEventListener("pointermove", (event) => {
  if (held?.pointer === event.pointerId) over(event);
});

for (const end of ["pointerup", "pointercancel"]) {
  document.addEventListener(end, (event) => {
    if (held?.pointer !== event.pointerId) return;
    if (end === "pointerup") drop();
    else putBack();
  });
}

document.addEventListener("keydown", (event) => {
  const handle = event.target.closest?.("[data-order-handle]");
  if (!handle) return;
  const item = handle.closest("[data-order-item]");
  const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (event.key === " " || event.key === "Enter") {
    if (held) drop();
    else {
      grab(item);
      say(item, "grabbed");
    }
  } else if (by && held) {
    step(item, by);
    handle.focus();
    say(item, "moved");
  } else if (event.key === "Escape" && held) {
    putBack();
    handle.focus();
  } else return;
  event.preventDefault();
  event.stopPropagation();
});

document.addEventListener("focusout", (event) => {
  const leaves = held && held.pointer === undefined && event.target.matches("[data-order-handle]");
  if (leaves) setTimeout(() => held && document.activeElement !== event.target && putBack());
});

// Rows of a form: a new one comes last, and up and down work without grabbing.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-order-by]");
  if (button) {
    const item = button.closest("[data-order-item]");
    step(item, Number(button.dataset.orderBy));
    number(item.closest("[data-order]"));
    button.focus();
    say(item, "moved");
  }
  const added = event.target.closest("[data-rows-add]")?.closest("[data-order]");
  if (added) number(added);
});
