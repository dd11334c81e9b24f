// What a span says about itself, under its row.

import { traceAddress } from "../lib/address.js";
import { el } from "../lib/dom.js";
import { dateTime, duration, short } from "../lib/format.js";
import { gapName } from "./analysis.js";

const LOGS_MAX = 1000;
/** Longer values are cut, and say so; the JSON has all of it. */
const VALUE_CHARS_MAX = 10_000;
const REFERRERS_MAX = 100;

/** The details of a row. `jump` shows another row of the trace. */
export function details(row, tree, jump) {
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
      Number.isFinite(row.selfTime) ? el("span", {}, `${duration(row.selfTime)} of its own`) : null,
      row.critical ? el("span", {}, `◆ ${duration(row.criticalUs)} on the critical path`) : null,
      row.gaps ? el("span", {}, gapsText(row.gaps)) : null,
      el("span", {}, dateTime(span.startTime)),
      el("a", { href: traceAddress(span.traceID, span.spanID) }, "Link"),
    ),
    longNames(row),
    warnings(span.warnings),
    section("Tags", span.tags.length, table(span.tags)),
    section("Process", process.tags.length, table(process.tags)),
    section("Logs", span.logs.length, logs(span)),
    section("References", span.references.length, references(span, tree, jump)),
    section("Referenced by", row.referencedBy?.length ?? 0, referrers(row, jump)),
  );
}

/** Names that a row shows only the beginning of. */
function longNames({ service, span }) {
  const cut = [service, span.operationName].filter((name) => name !== short(name));
  return cut.length === 0
    ? null
    : table(cut.map((value) => ({ key: value === service ? "service" : "operation", value })));
}

function section(title, size, content) {
  if (size === 0) return null;
  return el("details", { open: title !== "Process" }, el("summary", {}, `${title} `, el("small", {}, size)), content);
}

function table(pairs) {
  const rows = pairs.map(({ key, value }) =>
    el("tr", {}, el("th", { scope: "row" }, el("bdi", {}, key)), el("td", {}, el("bdi", {}, text(value)))),
  );
  return el("div", { class: "scroll" }, el("table", {}, el("tbody", {}, rows)));
}

function text(value) {
  const whole = typeof value === "string" ? value : JSON.stringify(value);
  if (whole.length <= VALUE_CHARS_MAX) return whole;
  return `${whole.slice(0, VALUE_CHARS_MAX)}… (${whole.length.toLocaleString("en")} characters; the JSON has all)`;
}

function gapsText(gaps) {
  const sums = new Map();
  for (const { kind, start, end } of gaps) sums.set(kind, (sums.get(kind) ?? 0) + end - start);
  return [...sums].map(([kind, us]) => `${duration(us)} ${gapName(kind)}`).join(", ");
}

/** Logs with their time since the start of their span. */
function logs(span) {
  const shown = [...span.logs].sort((a, b) => a.timestamp - b.timestamp).slice(0, LOGS_MAX);
  const items = shown.map((log) => {
    const [first, ...rest] = log.fields;
    const isEvent = first?.key === "event";
    const fields = (isEvent ? rest : log.fields).map(({ key, value }) =>
      el("bdi", { class: "field" }, el("i", {}, key), "=", text(value)),
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

function references(span, tree, jump) {
  const items = span.references.map(({ refType, traceID, spanID }) => {
    const kind = refType === "CHILD_OF" ? "child of" : "follows from";
    const other = traceID === span.traceID ? tree.byId.get(spanID) : null;
    if (other) return el("li", {}, `${kind} `, jumpTo(other, jump));
    const name = traceID === span.traceID ? `span ${spanID}, which is not here` : `span ${spanID} of trace ${traceID}`;
    return el("li", {}, `${kind} `, el("a", { href: traceAddress(traceID, spanID) }, name));
  });
  return el("ul", {}, items);
}

function referrers(row, jump) {
  const items = (row.referencedBy ?? []).slice(0, REFERRERS_MAX).map((other) => el("li", {}, jumpTo(other, jump)));
  return el("ul", {}, items);
}

function jumpTo(row, jump) {
  return el(
    "button",
    { class: "jump-to", onclick: () => jump(row) },
    `${short(row.service)}: ${short(row.span.operationName)}`,
  );
}

function warnings(texts) {
  if (!texts?.length) return null;
  return el(
    "ul",
    { class: "problem" },
    texts.map((warning) => el("li", {}, warning)),
  );
}
