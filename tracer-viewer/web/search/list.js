// Traces in a list, each with its root, its duration to scale, and who took part.

import { remember, to, traceAddress } from "../lib/address.js";
import { colorClass } from "../lib/colors.js";
import { el, styled } from "../lib/dom.js";
import { ago, count, dateTime, duration, short } from "../lib/format.js";

const ORDERS = {
  newest: ["Newest first", (a, b) => b.startTime - a.startTime],
  longest: ["Longest first", (a, b) => b.duration - a.duration],
  spans: ["Most spans first", (a, b) => b.spans - a.spans],
  errors: ["Most errors first", (a, b) => b.errors - a.errors || b.startTime - a.startTime],
};
const CHIPS_MAX = 8;
/** Rows that are made at a time. */
const ROWS_STEP = 200;

/** What stands under the conditions. Two traces can be chosen, to compare them. */
export function traceList(traces, conditions, sort) {
  const longest = traces.reduce((most, trace) => Math.max(most, trace.duration), 1);
  const list = el("ol", { class: "traces" });
  const more = el("button", { class: "more-traces", onclick: () => grow() });
  let ordered = [];
  const chosen = new Set();
  const compare = el("a", { class: "button main-action", hidden: true }, "Compare the two");
  const choose = (trace, box) => {
    if (box.checked) chosen.add(trace.traceID);
    else chosen.delete(trace.traceID);
    for (const other of list.querySelectorAll("input")) other.disabled = chosen.size >= 2 && !other.checked;
    const [a, b] = traces.filter((it) => chosen.has(it.traceID)).sort((x, y) => x.startTime - y.startTime);
    compare.hidden = chosen.size !== 2;
    if (b) compare.setAttribute("href", to("/compare", { a: a.traceID, b: b.traceID }));
  };
  const order = (name) => {
    const [, by] = ORDERS[name] ?? ORDERS.newest;
    ordered = [...traces].sort(by);
    list.replaceChildren();
    grow();
  };
  const grow = () => {
    const from = list.childElementCount;
    const next = ordered.slice(from, from + ROWS_STEP);
    list.append(...next.map((trace) => traceRow(trace, longest, chosen, choose)));
    for (const box of list.querySelectorAll("input")) box.disabled = chosen.size >= 2 && !box.checked;
    more.textContent = `${ordered.length - from - next.length} more`;
    more.hidden = from + next.length >= ordered.length;
  };
  order(sort);
  const options = Object.entries(ORDERS).map(([name, [label]]) =>
    el("option", { value: name, selected: name === sort }, label),
  );
  const onchange = (event) => {
    order(event.target.value);
    remember({ sort: event.target.value });
  };
  const isFull = traces.length >= Number(conditions.limit);
  const head = el(
    "div",
    { class: "list-head" },
    el("h1", {}, count(traces.length, "trace"), isFull ? el("small", {}, " (the limit; there may be more)") : null),
    compare,
    el("select", { "aria-label": "Order", onchange }, options),
  );
  return [head, list, more];
}

/** One trace. With `choose`, a box to choose it by. */
export function traceRow(trace, longest, chosen = null, choose = null) {
  const bar = styled(el("span", { class: `share ${colorClass(trace.rootService)}` }), {
    width: `${Math.max((trace.duration / longest) * 100, 0.5)}%`,
  });
  const chips = trace.services.slice(0, CHIPS_MAX).map(chip);
  const more = trace.services.length - CHIPS_MAX;
  if (more > 0) chips.push(el("li", {}, `and ${more} more`));
  const box = choose
    ? el("input", {
        type: "checkbox",
        "aria-label": `Choose trace ${trace.traceID} to compare`,
        title: "Choose two to compare",
        checked: chosen.has(trace.traceID),
        onchange: (event) => choose(trace, event.target),
      })
    : null;
  const link = el(
    "a",
    { class: "trace", href: traceAddress(trace.traceID) },
    el("span", { class: "shares", "aria-hidden": "true" }, bar),
    el(
      "span",
      { class: "title" },
      el("b", {}, short(trace.rootService)),
      ": ",
      short(trace.rootOperation),
      trace.hasRoot ? null : el("small", {}, " (no root span)"),
    ),
    el("span", { class: "duration" }, duration(trace.duration)),
    el(
      "span",
      { class: "facts" },
      el("span", {}, count(trace.spans, "span")),
      el("span", {}, count(trace.services.length, "service")),
      trace.errors > 0 ? el("span", { class: "error" }, "⚠ ", count(trace.errors, "error")) : null,
      el("time", { title: ago(trace.startTime) }, dateTime(trace.startTime)),
      el("code", {}, trace.traceID.slice(-7)),
    ),
    el("ul", { class: "chips" }, chips),
  );
  return el("li", {}, box, link);
}

function chip({ name, spans, errors }) {
  const mark = errors > 0 ? el("span", { class: "error", title: count(errors, "error") }, " ⚠") : null;
  return el("li", {}, el("i", { class: `dot ${colorClass(name)}` }), `${short(name, 60)} ${spans}`, mark);
}
