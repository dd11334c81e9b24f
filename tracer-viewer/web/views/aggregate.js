// Many traces as one tree of paths: how often each is taken, how long, how often it fails.

import { remember, to } from "../lib/address.js";
import { ask } from "../lib/api.js";
import { el, problem, show, styled } from "../lib/dom.js";
import { count, duration, percent } from "../lib/format.js";
import * as conditions from "../search/conditions.js";
import { leftOut, pathTable } from "./paths.js";

/** Shows the paths of the traces that the address asks for. */
export async function aggregatePage(page) {
  const asked = conditions.read(page.parameters);
  const { element: form } = await conditions.form("/aggregate", "Show paths", asked, page);
  if (!page.isCurrent()) return;
  const result = el("section", { class: "results", "aria-live": "polite" }, el("p", {}, "Summing up…"));
  show("Paths", el("div", { class: "search-page" }, conditions.side(form), result));
  try {
    const found = await ask("/api/viewer/aggregate", conditions.request(asked));
    if (page.isCurrent()) result.replaceChildren(...summed(found, asked, page.parameters));
  } catch (error) {
    if (page.isCurrent()) result.replaceChildren(problem(error));
  }
}

function summed({ traces, nodes, leftOut: spans }, asked, parameters) {
  if (nodes.length === 0) return [el("p", { class: "empty" }, "No trace meets these conditions.")];
  const total = nodes.reduce((sum, node) => sum + node.selfTime.total, 0);
  const place = el("div", {});
  const orders = {
    tree: ["As a tree", null],
    own: ["Most own time first", (a, b) => b.selfTime.total - a.selfTime.total],
    errors: ["Most errors first", (a, b) => b.errors - a.errors],
  };
  const draw = (name) =>
    place.replaceChildren(pathTable("Paths", nodes, columns(total), (orders[name] ?? orders.tree)[1]));
  draw(parameters.get("order"));
  const onchange = (event) => {
    draw(event.target.value);
    remember({ order: event.target.value });
  };
  const options = Object.entries(orders).map(([value, [label]]) =>
    el("option", { value, selected: value === parameters.get("order") }, label),
  );
  const head = el(
    "div",
    { class: "list-head" },
    el("h1", {}, `${count(nodes.length, "path")} of ${count(traces, "trace")}`),
    el("a", { href: to("/search", conditions.unusual(asked)) }, "List the traces"),
    el("select", { "aria-label": "Order", onchange }, options),
  );
  return [head, leftOut(spans), place].filter(Boolean);
}

function columns(total) {
  const of = (name) => (node) => duration(node.duration[name]);
  return [
    {
      name: "Own time",
      show: (node) => share(node.selfTime.total, total),
      title: "all of it, without the time of children",
    },
    { name: "Spans", show: (node) => node.count.toLocaleString("en") },
    { name: "Traces", show: (node) => node.traces.toLocaleString("en") },
    {
      name: "Errors",
      show: (node) =>
        node.errors > 0
          ? el("span", { class: "error" }, `⚠ ${node.errors} (${percent(node.errors, node.count)})`)
          : "0",
    },
    { name: "Own p50", show: (node) => duration(node.selfTime.p50) },
    { name: "p95", show: (node) => duration(node.selfTime.p95) },
    { name: "p99", show: (node) => duration(node.selfTime.p99) },
    { name: "Duration p50", show: of("p50") },
    { name: "p95", show: of("p95") },
    { name: "p99", show: of("p99") },
    { name: "Most", show: of("max") },
  ];
}

function share(us, total) {
  const bar = styled(el("i", { class: "share-of", "aria-hidden": "true" }), {
    width: `${total > 0 ? (us / total) * 100 : 0}%`,
  });
  return el("span", { class: "shared" }, bar, `${duration(us)} (${percent(us, total)})`);
}
