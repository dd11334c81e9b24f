// Times and durations as people read them. All come in microseconds.

const UNITS = [
  [1, "µs"],
  [1e3, "ms"],
  [1e6, "s"],
  [60e6, "min"],
  [3600e6, "h"],
];

/** Three digits and a unit: `1.23 ms`. */
export function duration(us) {
  let [size, unit] = UNITS[0];
  for (const [nextSize, nextUnit] of UNITS) {
    if (Math.abs(us) >= nextSize) [size, unit] = [nextSize, nextUnit];
  }
  const value = us / size;
  const digits = size === 1 || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return `${Number(value.toFixed(digits))} ${unit}`;
}

/** Date and time of day, to the millisecond. */
export function dateTime(us) {
  const date = new Date(us / 1000);
  if (Number.isNaN(date.getTime())) return "unknown time";
  const pad = (number, digits = 2) => String(number).padStart(digits, "0");
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  return `${day} ${time}.${pad(date.getMilliseconds(), 3)}`;
}

/** How long ago: `5 min ago`. */
export function ago(us) {
  const seconds = Math.round(Date.now() / 1000 - us / 1e6);
  if (seconds < 2) return "just now";
  for (const [size, unit] of [
    [86400, "d"],
    [3600, "h"],
    [60, "min"],
  ]) {
    if (seconds >= size) return `${Math.floor(seconds / size)} ${unit} ago`;
  }
  return `${seconds} s ago`;
}

/** `1 span`, `2 spans`. */
export function count(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

/** A part of a whole: `12.3 %`. */
export function percent(part, whole) {
  if (!(whole > 0)) return "0 %";
  const value = (part / whole) * 100;
  return `${Number(value.toFixed(value >= 10 || value === 0 ? 0 : 1))} %`;
}

/** A change with its sign: `+1.2 ms`, `−300 µs`. */
export function change(us) {
  if (us === 0) return "±0";
  return us > 0 ? `+${duration(us)}` : `−${duration(-us)}`;
}

/** Bytes: `12.3 MiB`. */
export function bytes(size) {
  let unit = 0;
  let value = size;
  for (; value >= 1024 && unit < 4; unit++) value /= 1024;
  return `${Number(value.toFixed(unit === 0 || value >= 100 ? 0 : 1))} ${["B", "KiB", "MiB", "GiB", "TiB"][unit]}`;
}

/** A name that is not too long to be shown in a row; whoever opens the row sees all of it. */
export function short(text, chars = 120) {
  return text.length > chars ? `${text.slice(0, chars)}…` : text;
}
