// What a reader sees of a trace: the zoom, what is folded and open. The address keeps it.
//
// `span` (repeats) is open, `fold` lists what is folded, `zoom` is from and to in microseconds since
// the trace's start, `critical=only` hides what is off the critical path, `find` marks rows.

import { remember } from "../lib/address.js";

/** An address has its limits. */
const OPEN_MAX = 20;
const FOLDED_MAX = 100;

export class State {
  constructor(tree, parameters) {
    this.tree = tree;
    this.first = parameters.get("span");
    this.open = new Set(parameters.getAll("span").slice(0, OPEN_MAX));
    this.folded = new Set((parameters.get("fold") ?? "").split(",").filter(Boolean));
    this.onlyCritical = parameters.get("critical") === "only";
    this.find = parameters.get("find") ?? "";
    [this.start, this.end] = [tree.start, tree.end];
    const [from, to] = (parameters.get("zoom") ?? "").split("-").map(Number);
    if (to > from) this.zoom(tree.start + from, tree.start + to);
  }

  isZoomed() {
    return this.start > this.tree.start || this.end < this.tree.end;
  }

  /** Shows a part of the time; what is outside of the trace is cut. */
  zoom(start, end) {
    const whole = this.tree.end - this.tree.start;
    const length = Math.min(Math.max(end - start, 1), whole);
    this.start = Math.min(Math.max(start, this.tree.start), this.tree.end - length);
    this.end = this.start + length;
  }

  /** Makes what is shown longer or shorter, about its middle or about a time that stays in view. */
  zoomBy(factor, about = (this.start + this.end) / 2) {
    this.zoom(about - (about - this.start) * factor, about + (this.end - about) * factor);
  }

  /** Goes left or right by a part of what is shown. */
  pan(part) {
    const by = (this.end - this.start) * part;
    this.zoom(this.start + by, this.end + by);
  }

  /** The rows that are neither folded away nor off the critical path. */
  visible() {
    const { rows } = this.tree;
    const shown = [];
    for (let index = 0; index < rows.length;) {
      const row = rows[index];
      const isHidden = this.onlyCritical && !row.critical && !row.criticalBelow;
      if (!isHidden) shown.push(row);
      index += isHidden || this.folded.has(row.span.spanID) ? row.subtree : 1;
    }
    return shown;
  }

  remember() {
    const from = Math.round(this.start - this.tree.start);
    const to = Math.round(this.end - this.tree.start);
    const isFew = this.folded.size <= FOLDED_MAX;
    remember({
      span: [...this.open].slice(0, OPEN_MAX),
      // A trace that is folded in hundreds of places opens unfolded.
      fold: isFew ? [...this.folded].join(",") : null,
      zoom: this.isZoomed() && to > from ? `${from}-${to}` : null,
      critical: this.onlyCritical ? "only" : null,
      find: this.find,
    });
  }
}
