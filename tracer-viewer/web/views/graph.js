// Who calls whom: services as boxes, calls as lines, the same in a table below.

import { remember, to } from "../lib/address.js";
import { ask } from "../lib/api.js";
import { colorClass } from "../lib/colors.js";
import { el, problem, show, styled, svg } from "../lib/dom.js";
import { count, duration, percent, short } from "../lib/format.js";
import { table } from "../lib/table.js";
import { named } from "../trace/table.js";
import { pathOf, placed, way } from "./edges.js";
import { layered } from "./layout.js";
import { lookbackForm, request } from "./lookback.js";

const BOX = { width: 150, height: 46 };
const GAP = { x: 130, y: 44 };
const EDGE_PX = 16;
const LABEL = { height: 27, charWidth: 6.3 };
const NAME_CHARS_MAX = 17;
/** More services than this are a table only. */
const DRAWN_MAX = 150;

/** Shows the graph of the time that the address names. */
export async function graphPage(page) {
  const result = el("section", { "aria-live": "polite" }, el("p", {}, "Counting…"));
  show("Services", el("article", {}, el("h1", {}, "Services"), lookbackForm("/graph", page), result));
  try {
    const found = await ask("/api/viewer/graph", request(page.parameters));
    if (page.isCurrent()) result.replaceChildren(...parts(found, page.parameters));
  } catch (error) {
    if (page.isCurrent()) result.replaceChildren(problem(error));
  }
}

function parts({ nodes, edges }, parameters) {
  if (nodes.length === 0) return [el("p", { class: "empty" }, "No span in this time.")];
  const [, column, down] = (parameters.get("order") ?? "").match(/^(\d)(-down)?$/) ?? [null, "2", "-down"];
  const sort = { column: Math.min(Number(column), COLUMNS.length - 1), down: Boolean(down) };
  const onsort = (now) => remember({ order: `${now.column}${now.down ? "-down" : ""}` });
  return [
    nodes.length <= DRAWN_MAX
      ? drawing(nodes, edges)
      : el("p", { class: "facts" }, `${count(nodes.length, "service")} are too many to draw.`),
    edges.length > 0
      ? table("Calls", COLUMNS, edges, sort, onsort).element
      : el("p", { class: "facts" }, "No service calls another."),
  ];
}

const COLUMNS = [
  { name: "Caller", of: (it) => it.parent, show: (it) => named(it.parent) },
  { name: "Callee", of: (it) => it.child, show: (it) => named(it.child) },
  { name: "Calls", number: true, share: true, of: (it) => it.calls, show: (it) => it.calls.toLocaleString("en") },
  {
    name: "Errors",
    number: true,
    of: (it) => it.errors / Math.max(it.calls, 1),
    show: (it) => (it.errors > 0 ? `⚠ ${it.errors} (${percent(it.errors, it.calls)})` : "0"),
  },
  { name: "p50", number: true, of: (it) => it.p50, show: (it) => duration(it.p50) },
  { name: "p95", number: true, of: (it) => it.p95, show: (it) => duration(it.p95) },
  { name: "p99", number: true, of: (it) => it.p99, show: (it) => duration(it.p99) },
];

function drawing(nodes, edges) {
  const spots = layered(
    nodes.map((node) => node.service),
    edges,
  );
  const tallest = Math.max(...[...spots.values()].map((spot) => spot.of));
  const height = tallest * (BOX.height + GAP.y) - GAP.y + 2 * EDGE_PX + 20;
  const columns = Math.max(...[...spots.values()].map((spot) => spot.column)) + 1;
  const width = columns * (BOX.width + GAP.x) - GAP.x + 2 * EDGE_PX;
  const at = (service) => {
    const { column, place, of } = spots.get(service);
    const free = (height - of * (BOX.height + GAP.y) + GAP.y) / 2;
    return [EDGE_PX + column * (BOX.width + GAP.x), free + place * (BOX.height + GAP.y)];
  };
  const most = edges.reduce((top, edge) => Math.max(top, edge.calls), 1);
  const known = edges.filter((edge) => spots.has(edge.parent) && spots.has(edge.child));
  const curves = known.map((edge) => way(at(edge.parent), at(edge.child), BOX));
  const boxes = nodes.map(({ service }) => ({ x: at(service)[0], y: at(service)[1], ...BOX }));
  const label = `${count(nodes.length, "service")} and ${count(edges.length, "line")} of calls between them; the table below has the same`;
  const drawn = svg(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": label },
    svg("defs", {}, arrow("arrow", "arrow"), arrow("arrow-failed", "arrow failed")),
    known.map((edge, index) => line(edge, curves[index], most)),
    nodes.map((node) => box(node, at(node.service))),
    labels(known, curves, boxes),
  );
  return el("div", { class: "scroll graph" }, drawn);
}

function arrow(id, kind) {
  const attributes = {
    id,
    viewBox: "0 0 8 8",
    refX: 7,
    refY: 4,
    markerWidth: 7,
    markerHeight: 7,
    orient: "auto",
    markerUnits: "userSpaceOnUse",
  };
  return svg("marker", attributes, svg("path", { d: "M0 0 8 4 0 8z", class: kind }));
}

function line(edge, curve, most) {
  const failed = edge.errors > 0;
  const width = 1 + 3 * (Math.log1p(edge.calls) / Math.log1p(most));
  const path = svg("path", {
    d: pathOf(curve),
    class: failed ? "call failed" : "call",
    "marker-end": `url(#${failed ? "arrow-failed" : "arrow"})`,
  });
  return styled(path, { "stroke-width": `${width}px` });
}

function box({ service, spans, errors }, [x, y]) {
  const facts = errors > 0 ? `${count(spans, "span")} · ⚠ ${percent(errors, spans)}` : count(spans, "span");
  const swatch = svg(
    "foreignObject",
    { x: 8, y: 9, width: 12, height: 12 },
    el("i", { class: `dot ${colorClass(service)}` }),
  );
  return svg(
    "a",
    {
      href: to("/operations", { service }),
      transform: `translate(${x} ${y})`,
      "aria-label": `${short(service)}, ${facts}`,
    },
    svg("title", {}, service.slice(0, 1000)),
    svg("rect", { class: errors > 0 ? "service failed" : "service", width: BOX.width, height: BOX.height, rx: 6 }),
    swatch,
    svg("text", { x: 24, y: 20, class: "service-name" }, short(service, NAME_CHARS_MAX)),
    svg("text", { x: 24, y: 37, class: errors > 0 ? "small failed" : "small" }, facts),
  );
}

/** Calls, errors and the 95th percentile of each line, where they hide nothing. */
function labels(edges, curves, boxes) {
  const texts = edges.map((edge) => [
    `${edge.calls.toLocaleString("en")}×${edge.errors > 0 ? ` ⚠ ${percent(edge.errors, edge.calls)}` : ""}`,
    `p95 ${duration(edge.p95)}`,
  ]);
  const sizes = texts.map((lines, index) => ({
    curve: curves[index],
    width: Math.max(...lines.map((text) => text.length)) * LABEL.charWidth,
    height: LABEL.height,
  }));
  return placed(sizes, boxes).map(([x, y], index) => {
    const edge = edges[index];
    const [first, second] = texts[index];
    return svg(
      "text",
      { x, y: y - 2, class: edge.errors > 0 ? "call-label failed" : "call-label", "text-anchor": "middle" },
      svg(
        "title",
        {},
        `${short(edge.parent)} calls ${short(edge.child)}: p50 ${duration(edge.p50)}, p95 ${duration(edge.p95)}, p99 ${duration(edge.p99)}`,
      ),
      svg("tspan", { x }, first),
      svg("tspan", { x, dy: "1.25em" }, second),
    );
  });
}
