// One colour per service, the same on all pages: Okabe and Ito's, which colour-blind people can
// tell apart; from the seventh service on with stripes.

const COLORS = 6;
const STORAGE_KEY = "service-colors";

const order = load();

/** The class that colours an element for a service. */
export function colorClass(service) {
  let index = order.indexOf(service);
  if (index < 0) {
    index = order.push(service) - 1;
    save();
  }
  const striped = index % (2 * COLORS) >= COLORS ? " striped" : "";
  return `color-${index % COLORS}${striped}`;
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
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(order.slice(0, 500)));
  } catch {
    // Without storage each page gives its own colours.
  }
}
