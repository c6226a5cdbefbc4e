// A week of shifts: add and remove shifts, apply one day's times to others. Without this the form's buttons do it.
const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri"];
const shiftsOf = (day) => [...day.querySelectorAll(".week-shifts > .week-shift")];

function addShift(day, values = ["", ""]) {
  const template = day.querySelector("template");
  template.before(template.content.cloneNode(true));
  const inputs = shiftsOf(day).at(-1).querySelectorAll("input");
  inputs.forEach((input, place) => (input.value = values[place]));
  return inputs[0];
}

function apply(week, value) {
  const [from, onto] = value.split(":");
  const source = week.querySelector(`[data-week-day="${from}"]`);
  const open = source.querySelector("[data-week-open]").checked;
  const times = shiftsOf(source).map((shift) => [...shift.querySelectorAll("input")].map((input) => input.value));
  for (const day of week.querySelectorAll("[data-week-day]")) {
    if (day === source || (onto === "weekdays" && !WEEKDAYS.includes(day.dataset.weekDay))) continue;
    day.querySelector("[data-week-open]").checked = open;
    for (const shift of shiftsOf(day)) shift.remove();
    for (const values of times) addShift(day, values);
  }
}

document.addEventListener("click", (event) => {
  const week = event.target.closest("[data-week]");
  if (!week) return;
  const day = event.target.closest("[data-week-day]");
  if (event.target.closest("[data-week-add]")) {
    day.querySelector("[data-week-open]").checked = true;
    addShift(day).focus();
  }
  if (event.target.closest("[data-week-remove]")) {
    event.target.closest(".week-shift").remove();
    day.querySelector("[data-week-add]").focus();
  }
  const button = event.target.closest(`[name="${week.dataset.week}-apply"]`);
  if (!button) return;
  event.preventDefault();
  apply(week, button.value);
  const menu = button.closest("details");
  menu.open = false;
  menu.querySelector("summary").focus();
});
