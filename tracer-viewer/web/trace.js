// The page of one trace: what it is in a few numbers, and its timeline.

import { ask } from "./api.js";
import { colorClass } from "./colors.js";
import { el, show } from "./dom.js";
import { count, dateTime, duration } from "./format.js";
import { timeline } from "./timeline.js";
import { traceTree } from "./tree.js";

/** Shows a trace; `span` in the address opens a span, `fold` hides what is below some. */
export async function tracePage(id, parameters, isCurrent) {
  show("Trace", el("p", {}, "Loading…"));
  const [trace] = await ask(`/api/traces/${encodeURIComponent(id)}`);
  if (!isCurrent()) return;
  const tree = traceTree(trace);
  const root = tree.rows[0];
  const title = `${root.service}: ${root.span.operationName}`;
  const { element, controls, reveal } = timeline(tree, parameters);
  show(title, el("article", { class: "trace-page" }, head(trace, tree, title), services(tree), controls, element));
  reveal();
}

function head(trace, tree, title) {
  const depth = tree.rows.reduce((most, row) => Math.max(most, row.depth), 0) + 1;
  const errors = tree.rows.filter((row) => row.isError).length;
  return el(
    "header",
    { class: "trace-head" },
    el("h1", {}, title, " ", el("code", { class: "id" }, trace.traceID)),
    el(
      "p",
      { class: "facts" },
      el("b", {}, duration(tree.end - tree.start)),
      el("span", {}, dateTime(tree.start)),
      el("span", {}, count(tree.rows.length, "span")),
      el("span", {}, count(tree.services.length, "service")),
      el("span", {}, `depth ${depth}`),
      errors > 0 ? el("span", { class: "error" }, "⚠ ", count(errors, "error")) : null,
      el("a", { href: `/api/traces/${encodeURIComponent(trace.traceID)}`, target: "_blank" }, "JSON"),
    ),
    trace.warnings?.length ? el("ul", { class: "problem" }, trace.warnings.map((text) => el("li", {}, text))) : null,
  );
}

function services(tree) {
  const spans = new Map();
  for (const row of tree.rows) spans.set(row.service, (spans.get(row.service) ?? 0) + 1);
  const chips = tree.services.map((name) =>
    el("li", {}, el("i", { class: `dot ${colorClass(name)}` }), `${name} ${spans.get(name)}`),
  );
  return el("ul", { class: "chips", "aria-label": "Services" }, chips);
}
