// Two traces beside each other: where the second takes longer or shorter, path by path.

import { remember, to, traceAddress } from "../lib/address.js";
import { ask } from "../lib/api.js";
import { el, problem, show, styled } from "../lib/dom.js";
import { change, count, dateTime, duration, short } from "../lib/format.js";
import { field } from "../search/conditions.js";
import { leftOut, pathTable } from "./paths.js";

const OFFERED = 30;
/** A path with this part of a change is where it comes about. */
const MOST = 0.7;

/** Compares the traces `a` and `b` of the address, or asks for them. */
export async function comparePage(page) {
  const [a, b] = [page.parameters.get("a") ?? "", page.parameters.get("b") ?? ""];
  const result = el("section", { "aria-live": "polite" }, a && b ? el("p", {}, "Comparing…") : null);
  show("Compare", el("article", {}, el("h1", {}, "Compare two traces"), form(a, b, page), result));
  try {
    if (a && b) {
      const comparison = await ask("/api/viewer/compare", { a, b });
      if (page.isCurrent()) result.replaceChildren(...compared(comparison, page.parameters));
    } else {
      const found = await offers(a || b);
      if (page.isCurrent()) result.replaceChildren(...offered(found, a || b));
    }
  } catch (error) {
    if (page.isCurrent()) result.replaceChildren(problem(error));
  }
}

function form(a, b, page) {
  const onsubmit = (event) => {
    event.preventDefault();
    const data = new FormData(event.target);
    page.go(to("/compare", { a: data.get("a").trim(), b: data.get("b").trim() }));
  };
  const swap = a && b ? el("a", { class: "button", href: to("/compare", { a: b, b: a }) }, "Swap") : null;
  return el(
    "form",
    { class: "line", onsubmit, "aria-label": "Traces to compare" },
    field("A (before)", "a", a, "trace id"),
    field("B (after)", "b", b, "trace id"),
    el("button", { class: "main-action" }, "Compare"),
    swap,
  );
}

/** Traces to choose from: those that begin as the one that is given, else the newest. */
async function offers(id) {
  if (!id) return { traces: await ask("/api/viewer/traces", { limit: OFFERED }), name: null };
  const comparison = await ask("/api/viewer/compare", { a: id, b: id });
  const { rootService, rootOperation } = comparison.a;
  const asked = { service: rootService, operation: rootOperation, limit: OFFERED };
  const traces = await ask("/api/viewer/traces", asked);
  return {
    traces: traces.filter((trace) => trace.traceID !== comparison.a.traceID),
    name: nameOf(comparison.a),
    summary: comparison.a,
  };
}

function offered({ traces, name, summary }, id) {
  const base = summary?.duration;
  const items = traces.map((trace) => {
    const text = [dateTime(trace.startTime), nameOf(trace), duration(trace.duration), count(trace.spans, "span")];
    if (base !== undefined) text.splice(3, 0, change(trace.duration - base));
    if (trace.errors > 0) text.push(`⚠ ${count(trace.errors, "error")}`);
    const address = id ? to("/compare", { a: id, b: trace.traceID }) : to("/compare", { a: trace.traceID });
    return el("li", {}, el("a", { href: address }, text.join(" · ")));
  });
  if (items.length === 0) return [el("p", { class: "empty" }, "There is no other trace to compare with.")];
  const title = name ? `With which trace of ${name}?` : "Which trace is the first?";
  return [el("h2", {}, title), el("ol", { class: "offers" }, items)];
}

function compared({ a, b, nodes, leftOut: spans }, parameters) {
  const most = nodes.reduce((sum, node) => Math.max(sum, Math.abs(selfDelta(node))), 1);
  const columns = [
    { name: "Change of own time", show: (node) => delta(node, most), title: "B less A" },
    {
      name: "Change of duration",
      show: (node) => change(durationDelta(node)),
      title: "B less A, its children included",
    },
    { name: "Duration A", show: (node) => (node.a ? duration(node.a.duration) : "–") },
    { name: "Duration B", show: (node) => (node.b ? duration(node.b.duration) : "–") },
    { name: "Spans A → B", show: (node) => pairText(node, (side) => String(side.count)) },
    {
      name: "Own time A → B",
      show: (node) => pairText(node, (side) => duration(side.selfTime)),
      title: "without the time of its children",
    },
    { name: "Errors A → B", show: (node) => errorText(node) },
  ];
  const place = el("div", {});
  const orders = { change: "Largest change first", tree: "As a tree" };
  const draw = (name) => {
    const order = name === "tree" ? null : (x, y) => Math.abs(selfDelta(y)) - Math.abs(selfDelta(x));
    place.replaceChildren(pathTable("Paths of both traces", nodes, columns, order));
  };
  const chosen = parameters.get("order") === "tree" ? "tree" : "change";
  draw(chosen);
  const onchange = (event) => {
    draw(event.target.value);
    remember({ order: event.target.value });
  };
  const options = Object.entries(orders).map(([value, label]) =>
    el("option", { value, selected: value === chosen }, label),
  );
  return [
    el("div", { class: "cards" }, card("A", a), card("B", b), verdict(a, b, nodes)),
    el("div", { class: "controls" }, el("select", { "aria-label": "Order", onchange }, options)),
    leftOut(spans),
    place,
  ].filter(Boolean);
}

function card(name, trace) {
  return el(
    "section",
    { class: "card" },
    el("h2", {}, `${name}: `, el("a", { href: traceAddress(trace.traceID) }, nameOf(trace))),
    el("p", { class: "big" }, duration(trace.duration)),
    el(
      "p",
      { class: "facts" },
      el("span", {}, dateTime(trace.startTime)),
      el("span", {}, count(trace.spans, "span")),
      trace.errors > 0 ? el("span", { class: "error" }, "⚠ ", count(trace.errors, "error")) : null,
      el("code", {}, trace.traceID),
    ),
  );
}

/** What differs, in a sentence. */
function verdict(a, b, nodes) {
  const by = b.duration - a.duration;
  const largest = nodes.reduce(
    (best, node) => (Math.abs(selfDelta(node)) > Math.abs(selfDelta(best)) ? node : best),
    nodes[0],
  );
  const source = sourceOf(nodes);
  const only = (side, other) => nodes.filter((node) => node[side] && !node[other]).length;
  const word = by > 0 ? "slower" : "faster";
  const share = a.duration > 0 ? ` (${Math.round((Math.abs(by) / a.duration) * 100)} % ${word})` : "";
  return el(
    "section",
    { class: "card" },
    el("h2", {}, "B less A"),
    el("p", { class: "big" }, change(by), by === 0 ? null : el("small", {}, share)),
    el(
      "p",
      { class: "facts" },
      source
        ? el(
            "span",
            {},
            `it comes about in ${short(source.service)}: ${short(source.operation)}, ${change(durationDelta(source))}`,
          )
        : null,
      largest && selfDelta(largest) !== 0
        ? el(
            "span",
            {},
            `own time changes most in ${short(largest.service)}: ${short(largest.operation)}, ${change(selfDelta(largest))}`,
          )
        : null,
      only("a", "b") > 0 ? el("span", {}, `${count(only("a", "b"), "path")} only in A`) : null,
      only("b", "a") > 0 ? el("span", {}, `${count(only("b", "a"), "path")} only in B`) : null,
    ),
  );
}

/** The deepest path that has most of the change of the roots: those above it only pass it on. */
function sourceOf(nodes) {
  const whole = nodes.filter((node) => node.depth === 0).reduce((sum, node) => sum + durationDelta(node), 0);
  const enough = nodes.filter((node) => durationDelta(node) / whole >= MOST);
  return enough.reduce((best, node) => (!best || node.depth > best.depth ? node : best), null);
}

function durationDelta(node) {
  return (node.b?.duration ?? 0) - (node.a?.duration ?? 0);
}

function nameOf(trace) {
  return `${short(trace.rootService)}: ${short(trace.rootOperation)}`;
}

function selfDelta(node) {
  return (node?.b?.selfTime ?? 0) - (node?.a?.selfTime ?? 0);
}

function pairText({ a, b }, of) {
  const [before, after] = [a ? of(a) : "–", b ? of(b) : "–"];
  return before === after ? before : `${before} → ${after}`;
}

function errorText(node) {
  const text = pairText(node, (side) => String(side.errors));
  return (node.a?.errors ?? 0) + (node.b?.errors ?? 0) > 0 ? `⚠ ${text}` : text;
}

/** The change with its sign, and a bar to the left (less) or right (more) of the middle. */
function delta(node, most) {
  const us = selfDelta(node);
  const part = (Math.abs(us) / most) * 50;
  const bar = el("i", { class: us > 0 ? "more-time" : "less-time", "aria-hidden": "true" });
  styled(bar, us > 0 ? { left: "50%", width: `${part}%` } : { right: "50%", width: `${part}%` });
  return el("span", { class: "delta" }, bar, el("span", {}, change(us)));
}
