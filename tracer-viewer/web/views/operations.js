// Rate, errors and duration of each operation.

import { remember, to } from "../lib/address.js";
import { ask } from "../lib/api.js";
import { el, problem, show } from "../lib/dom.js";
import { count, duration, percent, short } from "../lib/format.js";
import { table } from "../lib/table.js";
import { named } from "../trace/table.js";
import { lookbackForm, request } from "./lookback.js";

/** Shows the operations of a service, or of all. */
export async function operationsPage(page) {
  const services = await ask("/api/services");
  if (!page.isCurrent()) return;
  const result = el("section", { "aria-live": "polite" }, el("p", {}, "Counting…"));
  show(
    "Operations",
    el("article", {}, el("h1", {}, "Operations"), lookbackForm("/operations", page, services), result),
  );
  try {
    const found = await ask("/api/viewer/red", request(page.parameters));
    if (page.isCurrent()) result.replaceChildren(...counted(found, page.parameters));
  } catch (error) {
    if (page.isCurrent()) result.replaceChildren(problem(error));
  }
}

function counted(operations, parameters) {
  if (operations.length === 0) return [el("p", { class: "empty" }, "No span in this time.")];
  const [, column, down] = (parameters.get("order") ?? "").match(/^(\d)(-down)?$/) ?? [null, "3", "-down"];
  const last = COLUMNS.length - 1;
  const onsort = (sort) => remember({ order: `${sort.column}${sort.down ? "-down" : ""}` });
  const { element, filter } = table(
    "Operations",
    COLUMNS,
    operations,
    { column: Math.min(Number(column), last), down: Boolean(down) },
    onsort,
  );
  const oninput = (event) => {
    const text = event.target.value.trim().toLowerCase();
    filter((it) => `${it.service} ${it.operation} ${it.kind}`.toLowerCase().includes(text));
  };
  const field = el("input", {
    type: "search",
    "aria-label": "Only operations with this text",
    placeholder: "Filter",
    oninput,
  });
  return [
    el("div", { class: "controls" }, el("span", { class: "facts" }, count(operations.length, "operation")), field),
    element,
  ];
}

const time = (name, of) => ({ name, number: true, of, show: (it) => duration(of(it)) });
const COLUMNS = [
  { name: "Service", of: (it) => it.service, show: (it) => named(it.service) },
  {
    name: "Operation",
    of: (it) => it.operation,
    show: (it) =>
      el(
        "a",
        { href: to("/search", { service: it.service, operation: it.operation }) },
        short(it.operation) || "(no name)",
      ),
  },
  { name: "Kind", of: (it) => it.kind },
  { name: "Calls", number: true, share: true, of: (it) => it.calls, show: (it) => it.calls.toLocaleString("en") },
  {
    name: "Rate",
    number: true,
    title: "calls per second",
    of: (it) => it.ratePerSecond,
    show: (it) => `${Number(it.ratePerSecond.toPrecision(3))}/s`,
  },
  { name: "Errors", number: true, of: (it) => it.errors / Math.max(it.calls, 1), show: errors },
  time("p50", (it) => it.p50),
  time("p95", (it) => it.p95),
  time("p99", (it) => it.p99),
  time("Most", (it) => it.max),
];

function errors({ service, operation, errors: failed, calls }) {
  if (failed === 0) return "0";
  const address = to("/search", { service, operation, error: "true" });
  return el("a", { href: address, class: "error" }, `⚠ ${failed} (${percent(failed, calls)})`);
}
