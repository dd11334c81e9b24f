// A row of the timeline: who and what to the left, its bar to the right.

import { colorClass } from "../lib/colors.js";
import { el, styled } from "../lib/dom.js";
import { count, duration, short } from "../lib/format.js";
import { track } from "./bars.js";

const DEPTH_MAX = 24;

/** The element of a row. `act` has `toggle(row)` and `fold(row, isFolded)`. */
export function rowElement(row, state, act, isMatch) {
  const hasChildren = row.children.length > 0;
  const isFolded = state.folded.has(row.span.spanID);
  const classes = ["row", row.isError && "failed", row.critical && "on-critical", isMatch && "match"]
    .filter(Boolean)
    .join(" ");
  return el(
    "div",
    {
      class: classes,
      role: "row",
      tabindex: "-1",
      "aria-level": row.depth + 1,
      "aria-rowindex": row.index + 1,
      "aria-expanded": hasChildren ? String(!isFolded) : null,
      onclick: (event) => event.target.closest(".twist") || act.toggle(row),
    },
    nameCell(row, isFolded, act),
    track(row, state),
  );
}

function nameCell(row, isFolded, act) {
  const hasChildren = row.children.length > 0;
  const onclick = () => act.fold(row, !isFolded);
  const twist = el("button", { class: "twist", tabindex: "-1", "aria-hidden": "true", onclick }, isFolded ? "▸" : "▾");
  const cell = el(
    "div",
    { class: "name", role: "rowheader" },
    hasChildren ? twist : el("span", { class: "twist" }),
    el("i", { class: `dot ${colorClass(row.service)}` }),
    row.isError ? sign("error", "⚠", "error") : null,
    isFolded && row.errorsBelow && !row.isError ? sign("error faint", "⚠", "error below") : null,
    row.critical ? sign("diamond", "◆", `on the critical path: ${duration(row.criticalUs)}`) : null,
    row.span.warnings?.length ? sign("error", "!", count(row.span.warnings.length, "warning")) : null,
    el("b", {}, short(row.service)),
    el("span", { class: "operation" }, short(row.span.operationName)),
    row.links > 0
      ? sign("note", `↗${row.links}`, count(row.links, "reference") + " to other spans; open the row")
      : null,
    row.referencedBy
      ? sign(
          "note",
          `↙${row.referencedBy.length}`,
          `referenced by ${count(row.referencedBy.length, "span")}; open the row`,
        )
      : null,
    isFolded ? el("small", {}, `+${row.subtree - 1}`) : null,
    row.missingParent ? el("small", { class: "note" }, "missing parent") : null,
    row.inCycle ? el("small", { class: "note" }, "its own ancestor") : null,
  );
  return styled(cell, { "--depth": String(Math.min(row.depth, DEPTH_MAX)) });
}

function sign(kind, text, name) {
  return el("span", { class: kind, role: "img", "aria-label": name, title: name }, text);
}
