// Traces in a list, each with its root, its duration to scale, and who took part.

import { colorClass } from "./colors.js";
import { el, styled } from "./dom.js";
import { ago, count, dateTime, duration } from "./format.js";

const ORDERS = {
  newest: ["Newest first", (a, b) => b.startTime - a.startTime],
  longest: ["Longest first", (a, b) => b.duration - a.duration],
  spans: ["Most spans first", (a, b) => b.spans - a.spans],
  errors: ["Most errors first", (a, b) => b.errors - a.errors || b.startTime - a.startTime],
};
const CHIPS_MAX = 8;

/** What stands under the conditions. */
export function traceList(traces, conditions, hasServices) {
  if (traces.length === 0) return [nothing(hasServices)];
  const longest = Math.max(...traces.map((trace) => trace.duration), 1);
  const list = el("ol", { class: "traces" });
  const order = (name) => {
    const [, compare] = ORDERS[name] ?? ORDERS.newest;
    list.replaceChildren(...[...traces].sort(compare).map((trace) => row(trace, longest)));
  };
  order(conditions.sort);
  const options = Object.entries(ORDERS).map(([name, [label]]) =>
    el("option", { value: name, selected: name === conditions.sort }, label),
  );
  const sort = (event) => {
    order(event.target.value);
    const address = new URL(location.href);
    address.searchParams.set("sort", event.target.value);
    history.replaceState(null, "", address);
  };
  const isFull = traces.length >= Number(conditions.limit);
  return [
    el(
      "div",
      { class: "list-head" },
      el("h1", {}, count(traces.length, "trace"), isFull ? el("small", {}, " (the limit; there may be more)") : null),
      el("select", { "aria-label": "Order", onchange: sort }, options),
    ),
    list,
  ];
}

function nothing(hasServices) {
  if (hasServices) return el("p", { class: "empty" }, "No trace meets these conditions.");
  return el(
    "div",
    { class: "empty" },
    el("p", {}, "No span has come yet."),
    el("p", {}, "Send spans to this address by OTLP over HTTP (protobuf), path ", el("code", {}, "/v1/traces"), "."),
  );
}

function row(trace, longest) {
  const bar = styled(el("span", { class: `share ${colorClass(trace.rootService)}` }), {
    width: `${Math.max((trace.duration / longest) * 100, 0.5)}%`,
  });
  const chips = trace.services.slice(0, CHIPS_MAX).map(chip);
  const more = trace.services.length - CHIPS_MAX;
  if (more > 0) chips.push(el("li", {}, `and ${more} more`));
  return el(
    "li",
    {},
    el(
      "a",
      { class: "trace", href: `/trace/${encodeURIComponent(trace.traceID)}` },
      el("span", { class: "shares", "aria-hidden": "true" }, bar),
      el(
        "span",
        { class: "title" },
        el("b", {}, trace.rootService),
        ": ",
        trace.rootOperation,
        trace.hasRoot ? null : el("small", {}, " (no root span)"),
      ),
      el("span", { class: "duration" }, duration(trace.duration)),
      el(
        "span",
        { class: "facts" },
        el("span", {}, count(trace.spans, "span")),
        el("span", {}, count(trace.services.length, "service")),
        trace.errors > 0 ? el("span", { class: "error" }, "⚠ ", count(trace.errors, "error")) : null,
        el("time", { title: dateTime(trace.startTime) }, `${dateTime(trace.startTime)} · ${ago(trace.startTime)}`),
      ),
      el("ul", { class: "chips" }, chips),
    ),
  );
}

function chip({ name, spans, errors }) {
  const text = `${name} ${spans}`;
  const mark = errors > 0 ? el("span", { class: "error", title: count(errors, "error") }, " ⚠") : null;
  return el("li", {}, el("i", { class: `dot ${colorClass(name)}` }), text, mark);
}
