// The live counter below a text: parts, characters left and what makes it dear. The server counts again when it sends.
const BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
const EXTENDED = new Set("\f^{}\\[~]|€");

function parts(sizes, alone, each) {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total <= alone) return { count: total ? 1 : 0, left: alone - total };
  let count = 1;
  let used = 0;
  for (const size of sizes) {
    if (used + size > each) {
      count += 1;
      used = 0;
    }
    used += size; // an escaped character or a surrogate pair never straddles two parts
  }
  return { count, left: each - used };
}

function measure(text) {
  const characters = [...text];
  const dear = [...new Set(characters.filter((character) => !BASIC.has(character) && !EXTENDED.has(character)))];
  const sizes = characters.map((c) => (dear.length ? c.length : EXTENDED.has(c) ? 2 : 1));
  return { ...(dear.length ? parts(sizes, 70, 67) : parts(sizes, 160, 153)), dear };
}

function show(textarea) {
  const counter = document.querySelector(`[data-segments-for="${textarea.id}"]`);
  if (!counter) return;
  const { count, left, dear } = measure(textarea.value);
  const { one = "part", many = "parts", left: remaining = "left", dear: because = "Unicode because of" } = counter.dataset;
  const first = document.createElement("span");
  first.textContent = count ? `${count} ${count === 1 ? one : many} · ${left} ${remaining}` : "";
  counter.replaceChildren(first);
  if (!dear.length) return;
  const second = document.createElement("span");
  const mark = Object.assign(document.createElement("mark"), { textContent: dear.slice(0, 6).join(" ") });
  second.append(`${because} `, mark);
  counter.append(second);
}

document.addEventListener("input", (event) => {
  if (event.target.matches("textarea[data-segments]")) show(event.target);
});
const all = () => document.querySelectorAll("textarea[data-segments]").forEach(show);
all();
document.addEventListener("htmx:afterSettle", all);
