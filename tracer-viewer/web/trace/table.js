// The spans of a trace as a table: one by one, or in groups.

import { remember } from "../lib/address.js";
import { colorClass } from "../lib/colors.js";
import { el } from "../lib/dom.js";
import { duration, percent, short } from "../lib/format.js";
import { table } from "../lib/table.js";

const GROUPS = { "": "Each span", operation: "By operation", service: "By service" };

/** The table; `jump` shows a row in the timeline. */
export function spanTable(tree, page, jump) {
  const place = el("div", {});
  const current = new URLSearchParams(location.search);
  const by = Object.hasOwn(GROUPS, current.get("by") ?? "") ? (current.get("by") ?? "") : "";
  const filter = el("input", {
    type: "search",
    "aria-label": "Only spans with this text",
    placeholder: "Filter",
    value: current.get("filter") ?? "",
  });
  const options = Object.entries(GROUPS).map(([name, label]) =>
    el("option", { value: name, selected: name === by }, label),
  );
  const choice = el("select", { "aria-label": "Rows of the table" }, options);
  let drawn;
  const keeps = (item) => item.text.includes(filter.value.trim().toLowerCase());
  const draw = () => {
    const items = choice.value === "" ? tree.rows.map(one) : groups(tree, choice.value);
    const sort = sortOf(current.get("order"), choice.value);
    drawn = table(
      "Spans",
      choice.value === "" ? spanColumns(tree, jump) : groupColumns(tree),
      items,
      sort,
      ({ column, down }) => remember({ order: `${column}${down ? "-down" : ""}` }),
    );
    if (filter.value) drawn.filter(keeps);
    place.replaceChildren(drawn.element);
  };
  choice.addEventListener("change", () => {
    remember({ by: choice.value, order: null });
    current.delete("order");
    draw();
  });
  filter.addEventListener("input", () => {
    remember({ filter: filter.value });
    drawn.filter(keeps);
  });
  draw();
  return el("section", { "aria-label": "Span table" }, el("div", { class: "controls" }, choice, filter), place);
}

function sortOf(text, by) {
  const [, column, down] = (text ?? "").match(/^(\d)(-down)?$/) ?? [];
  if (column === undefined) return by === "" ? { column: 2, down: false } : { column: 2, down: true };
  return { column: Math.min(Number(column), 6), down: Boolean(down) };
}

function one(row) {
  return { row, text: `${row.service} ${row.span.operationName} ${row.span.spanID}`.toLowerCase() };
}

function spanColumns(tree, jump) {
  const open = ({ row }) =>
    el("button", { class: "jump-to", onclick: () => jump(row) }, short(row.span.operationName) || "(no name)");
  return [
    { name: "Service", of: ({ row }) => row.service, show: ({ row }) => named(row.service) },
    { name: "Operation", of: ({ row }) => row.span.operationName, show: open },
    {
      name: "Start",
      number: true,
      of: ({ row }) => row.span.startTime - tree.start,
      show: ({ row }) => duration(row.span.startTime - tree.start),
    },
    {
      name: "Duration",
      number: true,
      share: true,
      of: ({ row }) => row.span.duration,
      show: ({ row }) => duration(row.span.duration),
    },
    {
      name: "Own time",
      number: true,
      share: true,
      of: ({ row }) => row.selfTime ?? 0,
      show: ({ row }) => (Number.isFinite(row.selfTime) ? duration(row.selfTime) : "–"),
    },
    { name: "Logs", number: true, of: ({ row }) => row.span.logs.length },
    { name: "Error", of: ({ row }) => (row.isError ? "⚠ error" : ""), class: "error" },
  ];
}

function groups(tree, by) {
  const found = new Map();
  for (const row of tree.rows) {
    const name = by === "service" ? row.service : `${row.service}\n${row.span.operationName}`;
    const group = found.get(name) ?? {
      service: row.service,
      operation: by === "service" ? "" : row.span.operationName,
      count: 0,
      self: 0,
      total: 0,
      most: 0,
      errors: 0,
    };
    group.count += 1;
    group.self += row.selfTime ?? 0;
    group.total += row.span.duration;
    group.most = Math.max(group.most, row.span.duration);
    group.errors += row.isError ? 1 : 0;
    found.set(name, group);
  }
  return [...found.values()].map((group) => ({ ...group, text: `${group.service} ${group.operation}`.toLowerCase() }));
}

function groupColumns(tree) {
  const all = tree.rows.reduce((sum, row) => sum + (row.selfTime ?? 0), 0);
  return [
    { name: "Service", of: (it) => it.service, show: (it) => named(it.service) },
    { name: "Operation", of: (it) => it.operation, show: (it) => el("span", {}, short(it.operation)) },
    {
      name: "Own time",
      number: true,
      share: true,
      of: (it) => it.self,
      show: (it) => `${duration(it.self)} (${percent(it.self, all)})`,
    },
    { name: "Spans", number: true, of: (it) => it.count },
    { name: "Mean", number: true, of: (it) => it.total / it.count, show: (it) => duration(it.total / it.count) },
    { name: "Longest", number: true, of: (it) => it.most, show: (it) => duration(it.most) },
    { name: "Errors", number: true, of: (it) => it.errors, show: (it) => (it.errors > 0 ? `⚠ ${it.errors}` : "0") },
  ];
}

/** A service with its colour. */
export function named(service) {
  return el("span", {}, el("i", { class: `dot ${colorClass(service)}` }), short(service));
}
