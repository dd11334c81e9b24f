// One colour per service, the same on all pages: Okabe and Ito's, which colour-blind people can
// tell apart; from the seventh service on with stripes.

const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const STORAGE_KEY = "service-colors";
const STORED_MAX = 500;

const order = load();
const places = new Map(order.map((name, place) => [name, place]));

/** The class that colours an element for a service. */
export function colorClass(service) {
  const place = placeOf(service);
  const striped = place % (2 * COLORS.length) >= COLORS.length ? " striped" : "";
  return `color-${place % COLORS.length}${striped}`;
}

/** The colour itself, for a canvas. */
export function color(service) {
  return COLORS[placeOf(service) % COLORS.length];
}

/** A colour of the style sheet by its name, such as `--text`. */
export function themeColor(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Calls back when the reader changes between light and dark. */
export function onThemeChange(callback, signal) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", callback, { signal });
}

function placeOf(service) {
  let place = places.get(service);
  if (place === undefined) {
    place = order.push(service) - 1;
    places.set(service, place);
    save();
  }
  return place;
}

function load() {
  try {
    const stored = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "[]");
    return Array.isArray(stored) ? stored.filter((name) => typeof name === "string") : [];
  } catch {
    return [];
  }
}

function save() {
  if (order.length > STORED_MAX) return;
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(order.filter((name) => name.length < 200)));
  } catch {
    // Without storage each page gives its own colours.
  }
}
