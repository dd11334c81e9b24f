// What a span says about itself, under its row.

import { el } from "./dom.js";
import { dateTime, duration } from "./format.js";

const LOGS_MAX = 1000;

/** The details of a row. */
export function details(row, tree) {
  const { span, process } = row;
  return el(
    "div",
    { class: "details" },
    el(
      "p",
      { class: "facts" },
      el("span", {}, "Span ", el("code", {}, span.spanID)),
      el("span", {}, `starts at ${duration(span.startTime - tree.start)}`),
      el("span", {}, `takes ${duration(span.duration)}`),
      el("span", {}, dateTime(span.startTime)),
      el("a", { href: `/trace/${encodeURIComponent(span.traceID)}?span=${encodeURIComponent(span.spanID)}` }, "Link"),
    ),
    warnings(span.warnings),
    section("Tags", span.tags.length, table(span.tags)),
    section("Process", process.tags.length, table(process.tags)),
    section("Logs", span.logs.length, logs(span)),
    section("References", span.references.length, references(span, tree)),
  );
}

function section(title, size, content) {
  if (size === 0) return null;
  return el("details", { open: title !== "Process" }, el("summary", {}, `${title} `, el("small", {}, size)), content);
}

function table(pairs) {
  const rows = pairs.map(({ key, value }) => el("tr", {}, el("th", { scope: "row" }, key), el("td", {}, text(value))));
  return el("div", { class: "scroll" }, el("table", {}, el("tbody", {}, rows)));
}

function text(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Logs with their time since the start of their span. */
function logs(span) {
  const shown = [...span.logs].sort((a, b) => a.timestamp - b.timestamp).slice(0, LOGS_MAX);
  const items = shown.map((log) => {
    const [first, ...rest] = log.fields;
    const isEvent = first?.key === "event";
    const fields = (isEvent ? rest : log.fields).map(({ key, value }) =>
      el("span", { class: "field" }, el("i", {}, key), "=", text(value)),
    );
    return el(
      "li",
      {},
      el("time", { title: dateTime(log.timestamp) }, duration(log.timestamp - span.startTime)),
      el("div", {}, isEvent ? el("b", {}, text(first.value)) : null, fields),
    );
  });
  if (span.logs.length > LOGS_MAX) items.push(el("li", {}, `${span.logs.length - LOGS_MAX} more are in the JSON`));
  return el("ol", { class: "logs" }, items);
}

function references(span, tree) {
  const names = new Map(tree.rows.map((row) => [row.span.spanID, `${row.service}: ${row.span.operationName}`]));
  const items = span.references.map(({ refType, traceID, spanID }) => {
    const isHere = traceID === span.traceID;
    const name = isHere ? (names.get(spanID) ?? `span ${spanID}, which is not here`) : `span ${spanID} of trace ${traceID}`;
    const address = `/trace/${encodeURIComponent(traceID)}?span=${encodeURIComponent(spanID)}`;
    const kind = refType === "CHILD_OF" ? "child of" : "follows from";
    return el("li", {}, `${kind} `, el("a", { href: address }, name));
  });
  return el("ul", {}, items);
}

function warnings(texts) {
  if (!texts?.length) return null;
  return el("ul", { class: "problem" }, texts.map((warning) => el("li", {}, warning)));
}
