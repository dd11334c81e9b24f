// The conditions that traces meet: in the address, in a form, and as the server is asked.

import { ask } from "../lib/api.js";
import { el } from "../lib/dom.js";
import * as logfmt from "../lib/logfmt.js";

export const LOOKBACKS = [
  ["5m", "Last 5 minutes", 300],
  ["1h", "Last hour", 3600],
  ["6h", "Last 6 hours", 6 * 3600],
  ["1d", "Last day", 86400],
  ["2d", "Last 2 days", 2 * 86400],
  ["all", "Any time", Infinity],
];
const LIMITS = ["20", "50", "100", "500", "1500", "5000"];
/** As in the style sheets. */
const NARROW_PX = 640;
const DEFAULTS = { lookback: "2d", limit: "100" };
const NAMES = ["service", "operation", "tags", "text", "minDuration", "maxDuration", "lookback", "limit", "error"];

/** The conditions of an address; tags as this page or as Jaeger writes them. */
export function read(parameters) {
  const one = (name) => parameters.get(name) ?? "";
  let tags = one("tags");
  try {
    tags = logfmt.format(JSON.parse(tags || "{}"));
  } catch {
    // They are key=value already.
  }
  return {
    service: one("service"),
    operation: one("operation") === "all" ? "" : one("operation"),
    tags,
    text: one("text"),
    error: one("error") === "true" ? "true" : "",
    minDuration: one("minDuration"),
    maxDuration: one("maxDuration"),
    lookback: LOOKBACKS.some(([name]) => name === one("lookback")) ? one("lookback") : DEFAULTS.lookback,
    limit: one("limit") || DEFAULTS.limit,
    start: one("start"),
    end: one("end"),
  };
}

/** What the server is asked. Throws an Error if the tags cannot be read. */
export function request(conditions) {
  const asked = { limit: conditions.limit };
  for (const name of ["service", "operation", "text", "error", "minDuration", "maxDuration", "start", "end"]) {
    if (conditions[name]) asked[name] = conditions[name];
  }
  if (!asked.start) asked.start = startOf(conditions.lookback);
  if (conditions.tags) asked.tags = JSON.stringify(logfmt.parse(conditions.tags));
  return asked;
}

/** When a time back from now began, in microseconds. */
export function startOf(lookback) {
  const [, , seconds] = LOOKBACKS.find(([name]) => name === lookback) ?? LOOKBACKS[4];
  return String(Math.max(0, Math.floor((Date.now() - Math.min(seconds * 1000, Date.now())) * 1000)));
}

/** The conditions without what is as usual, for an address. */
export function unusual(conditions) {
  const kept = Object.entries(conditions).filter(([name, value]) => value && value !== DEFAULTS[name]);
  return Object.fromEntries(kept);
}

/** The form, with `more` fields of the page's own at its top; `path` is where it leads. */
export async function form(path, action, conditions, page, more = []) {
  const services = await ask("/api/services");
  const operations = conditions.service ? await ask("/api/operations", { service: conditions.service }) : [];
  const names = [...new Set(operations.map((operation) => operation.name))];
  const submit = (event) => {
    event.preventDefault();
    page.go(addressOf(path, new FormData(element), page.parameters));
  };
  const element = el(
    "form",
    { class: "filters", onsubmit: submit, "aria-label": "Conditions" },
    more,
    choice(
      "Service",
      "service",
      [["", "Any"], ...services.map((name) => [name, name])],
      conditions.service,
      (event) => {
        element.elements.operation.value = "";
        submit(event);
      },
    ),
    choice("Operation", "operation", [["", "Any"], ...names.map((name) => [name, name])], conditions.operation),
    field("Tags and log fields", "tags", conditions.tags, 'error=true driver="T7 1"'),
    field("Log text contains", "text", conditions.text, "waiting for lock"),
    pair(
      field("Min duration", "minDuration", conditions.minDuration, "100ms"),
      field("Max duration", "maxDuration", conditions.maxDuration, "1.2s"),
    ),
    pair(
      choice("Lookback", "lookback", LOOKBACKS, conditions.lookback),
      choice(
        "Limit",
        "limit",
        LIMITS.map((limit) => [limit, limit]),
        conditions.limit,
      ),
    ),
    el(
      "label",
      { class: "check" },
      el("input", { type: "checkbox", name: "error", value: "true", checked: conditions.error === "true" }),
      "Only with errors",
    ),
    el("button", { class: "main-action" }, action),
  );
  return { element, services };
}

/** The form at the side; where the page is narrow, closed above the results. */
export function side(form, ...more) {
  return el("details", { class: "side", open: innerWidth > NARROW_PX }, el("summary", {}, "Conditions"), form, more);
}

/** The page's address for what the form says; other parameters, such as the order, stay. */
function addressOf(path, data, parameters) {
  const kept = new URLSearchParams();
  for (const [name, value] of parameters) {
    if (!NAMES.includes(name) && !data.has(name) && name !== "start" && name !== "end") kept.append(name, value);
  }
  for (const [name, value] of data) {
    if (value.trim() && value !== DEFAULTS[name]) kept.set(name, value.trim());
  }
  const query = kept.toString();
  return query ? `${path}?${query}` : path;
}

export function choice(label, name, options, chosen, onchange = null) {
  const all = options.some(([value]) => value === chosen) ? options : [...options, [chosen, chosen]];
  const items = all.map(([value, text]) => el("option", { value, selected: value === chosen }, text));
  return el("label", {}, label, el("select", { name, onchange }, items));
}

export function field(label, name, value, placeholder, list = null) {
  return el(
    "label",
    {},
    label,
    el("input", { name, value, placeholder, list, autocomplete: "off", spellcheck: "false" }),
  );
}

function pair(...fields) {
  return el("div", { class: "pair" }, fields);
}
