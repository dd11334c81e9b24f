// The list of traces, and the conditions that they meet.

import { ask } from "./api.js";
import { el, show } from "./dom.js";
import { traceList } from "./list.js";
import * as logfmt from "./logfmt.js";

const LOOKBACKS = [
  ["5m", "Last 5 minutes", 300],
  ["1h", "Last hour", 3600],
  ["6h", "Last 6 hours", 6 * 3600],
  ["1d", "Last day", 86400],
  ["2d", "Last 2 days", 2 * 86400],
  ["all", "Any time", Infinity],
];
const LIMITS = ["20", "50", "100", "500", "1500"];
const DEFAULTS = { lookback: "2d", limit: "20" };

/** Shows the page for the conditions of an address. */
export async function searchPage(parameters, go, isCurrent) {
  const conditions = read(parameters);
  const services = await ask("/api/services");
  const operations = conditions.service ? await ask("/api/operations", { service: conditions.service }) : [];
  if (!isCurrent()) return;
  const results = el("section", { class: "results", "aria-live": "polite" }, el("p", {}, "Searching…"));
  show("Traces", el("div", { class: "search-page" }, searchForm(conditions, services, operations, go), results));
  try {
    const traces = await ask("/api/viewer/traces", request(conditions));
    if (!isCurrent()) return;
    results.replaceChildren(...traceList(traces, conditions, services.length > 0));
  } catch (error) {
    if (isCurrent()) results.replaceChildren(el("p", { class: "problem", role: "alert" }, error.message));
  }
}

/** The conditions of an address; tags as this page or as Jaeger writes them. */
function read(parameters) {
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
    minDuration: one("minDuration"),
    maxDuration: one("maxDuration"),
    lookback: LOOKBACKS.some(([name]) => name === one("lookback")) ? one("lookback") : DEFAULTS.lookback,
    limit: one("limit") || DEFAULTS.limit,
    start: one("start"),
    end: one("end"),
    sort: one("sort"),
  };
}

/** What the server is asked. */
function request(conditions) {
  const asked = { limit: conditions.limit };
  for (const name of ["service", "operation", "minDuration", "maxDuration", "start", "end"]) {
    if (conditions[name]) asked[name] = conditions[name];
  }
  if (!asked.start) {
    const [, , seconds] = LOOKBACKS.find(([name]) => name === conditions.lookback);
    asked.start = String(Math.max(0, Math.floor((Date.now() - Math.min(seconds * 1000, Date.now())) * 1000)));
  }
  if (conditions.tags) asked.tags = JSON.stringify(logfmt.parse(conditions.tags));
  return asked;
}

function searchForm(conditions, services, operations, go) {
  const names = [...new Set(operations.map((operation) => operation.name))];
  const submit = (event) => {
    event?.preventDefault();
    go(address(new FormData(form), conditions));
  };
  const form = el(
    "form",
    { class: "filters", onsubmit: submit, "aria-label": "Conditions" },
    choice("Service", "service", [["", "Any"], ...services.map((name) => [name, name])], conditions.service, (event) => {
      form.elements.operation.value = "";
      submit(event);
    }),
    choice("Operation", "operation", [["", "Any"], ...names.map((name) => [name, name])], conditions.operation),
    field("Tags", "tags", conditions.tags, 'error=true driver="T7 1"'),
    el(
      "div",
      { class: "pair" },
      field("Min duration", "minDuration", conditions.minDuration, "100ms"),
      field("Max duration", "maxDuration", conditions.maxDuration, "1.2s"),
    ),
    el(
      "div",
      { class: "pair" },
      choice("Lookback", "lookback", LOOKBACKS, conditions.lookback),
      choice("Limit", "limit", known(LIMITS, conditions.limit).map((limit) => [limit, limit]), conditions.limit),
    ),
    el("button", { class: "main-action" }, "Find traces"),
  );
  return form;
}

/** The page's address for what the form says; what is as usual is left out. */
function address(data, conditions) {
  const parameters = new URLSearchParams();
  for (const [name, value] of data) {
    if (value.trim() && value !== DEFAULTS[name]) parameters.set(name, value.trim());
  }
  if (conditions.sort) parameters.set("sort", conditions.sort);
  return `/search?${parameters}`;
}

function choice(label, name, options, chosen, onchange = null) {
  const all = options.some(([value]) => value === chosen) ? options : [...options, [chosen, chosen]];
  const items = all.map(([value, text]) => el("option", { value, selected: value === chosen }, text));
  return el("label", {}, label, el("select", { name, onchange }, items));
}

function field(label, name, value, placeholder) {
  return el("label", {}, label, el("input", { name, value, placeholder, autocomplete: "off", spellcheck: "false" }));
}

function known(values, value) {
  return values.includes(value) ? values : [...values, value];
}
