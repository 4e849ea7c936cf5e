// Discord's timestamps, in the reader's own language and zone.

const DATES = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
};
const UNITS = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "always" });

function ago(milliseconds) {
  const seconds = (milliseconds - Date.now()) / 1000;
  const [unit, size] = UNITS.find(([, each]) => Math.abs(seconds) >= each) ?? UNITS.at(-1);
  return relative.format(Math.round(seconds / size), unit);
}

export function moment(milliseconds, style = "f") {
  const date = new Date(milliseconds);
  const element = document.createElement("time");
  if (Number.isNaN(date.getTime())) {
    element.textContent = "Invalid date";
    return element;
  }
  element.dateTime = date.toISOString();
  element.title = date.toLocaleString(undefined, DATES.F);
  if (style === "R") element.dataset.relative = milliseconds;
  element.textContent = style === "R" ? ago(milliseconds) : date.toLocaleString(undefined, DATES[style] ?? DATES.f);
  return element;
}

export function keepRelative() {
  setInterval(() => {
    for (const element of document.querySelectorAll("time[data-relative]")) {
      element.textContent = ago(Number(element.dataset.relative));
    }
  }, 10_000);
}
