// A tree of paths in a table: each row is a service and an operation below its parent's.

import { colorClass } from "../lib/colors.js";
import { el, styled } from "../lib/dom.js";
import { count, short } from "../lib/format.js";

/** Rows that are made; a tree with more says so. */
const ROWS_MAX = 2000;
const DEPTH_MAX = 24;

/** The table of `nodes`; a column is `{ name, show(node), title }`; `order` sorts, else it is a tree. */
export function pathTable(label, nodes, columns, order = null) {
  const shown = (order ? [...nodes].sort(order) : nodes).slice(0, ROWS_MAX);
  const head = el(
    "tr",
    {},
    el("th", { scope: "col" }, "Path"),
    columns.map(({ name, title }) => el("th", { scope: "col", class: "number", title }, name)),
  );
  const rows = shown.map((node) =>
    el(
      "tr",
      {},
      nameCell(node, order !== null),
      columns.map(({ show }) => el("td", { class: "number" }, show(node))),
    ),
  );
  return el(
    "div",
    { class: "scroll wide", tabindex: "0", role: "region", "aria-label": label },
    el("table", { class: "numbers paths" }, el("thead", {}, head), el("tbody", {}, rows)),
    nodes.length > ROWS_MAX ? el("p", { class: "more-rows" }, `The first ${ROWS_MAX} of ${nodes.length} rows.`) : null,
  );
}

/** How many spans the server left out of its nodes, if any. */
export function leftOut(spans) {
  return spans > 0
    ? el("p", { class: "warned" }, `${count(spans, "span")} on further paths are not shown: there are too many.`)
    : null;
}

function nameCell(node, isFlat) {
  const name = el(
    "th",
    { scope: "row", class: "path", title: `level ${node.depth + 1}` },
    el("i", { class: `dot ${colorClass(node.service)}` }),
    el("b", {}, short(node.service)),
    " ",
    short(node.operation),
  );
  return styled(name, { "--depth": isFlat ? "0" : String(Math.min(node.depth, DEPTH_MAX)) });
}
