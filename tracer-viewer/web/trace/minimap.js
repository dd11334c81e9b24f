// The whole trace in a strip: a line per row, critical spans and errors on top; a drag zooms.

import { color, onThemeChange, themeColor } from "../lib/colors.js";
import { el, styled } from "../lib/dom.js";
import { dragRange } from "./drag.js";

const HEIGHT_PX = 56;

export class Minimap {
  constructor(tree, state, zoomed, signal) {
    Object.assign(this, { tree, state });
    this.canvas = el("canvas", {
      role: "img",
      "aria-label": "Overview of the whole trace; drag to zoom, double click for all",
    });
    this.before = el("span", { class: "outside", "aria-hidden": "true" });
    this.after = el("span", { class: "outside", "aria-hidden": "true" });
    this.element = el(
      "div",
      { class: "minimap", title: "Drag to zoom, double click for all" },
      this.canvas,
      this.before,
      this.after,
    );
    const length = tree.end - tree.start;
    dragRange(this.element, (from, to) => {
      state.zoom(tree.start + from * length, tree.start + to * length);
      zoomed();
    });
    this.element.addEventListener("dblclick", () => {
      state.zoom(tree.start, tree.end);
      zoomed();
    });
    const sizes = new ResizeObserver(() => this.draw());
    sizes.observe(this.canvas);
    signal.addEventListener("abort", () => sizes.disconnect());
    onThemeChange(() => this.draw(), signal);
  }

  /** Draws the rows; only needed when they, the size or the theme change. */
  draw() {
    const { rows, start, end } = this.tree;
    const width = this.canvas.clientWidth;
    if (width === 0) return;
    const scale = devicePixelRatio || 1;
    this.canvas.width = width * scale;
    this.canvas.height = HEIGHT_PX * scale;
    const brush = this.canvas.getContext("2d");
    brush.scale(scale, scale);
    const height = Math.max(1, Math.min(6, HEIGHT_PX / rows.length));
    const x = (us) => ((us - start) / (end - start)) * width;
    const line = (from, to, index, high) =>
      brush.fillRect(x(from), (index / rows.length) * (HEIGHT_PX - high), Math.max(x(to) - x(from), 1), high);
    rows.forEach((row, index) => {
      brush.fillStyle = color(row.service);
      line(row.span.startTime, row.span.startTime + row.span.duration, index, height);
    });
    brush.fillStyle = themeColor("--text");
    rows.forEach((row, index) => {
      for (const [from, to] of row.critical ?? []) line(from, to, index, Math.max(1.5, height / 2));
    });
    brush.fillStyle = themeColor("--error");
    rows.forEach(
      (row, index) =>
        row.isError && line(row.span.startTime, row.span.startTime + row.span.duration, index, Math.max(2, height / 2)),
    );
    this.mark();
  }

  /** Marks which part is shown below. */
  mark() {
    const { tree, state } = this;
    const percent = (us) => `${((us - tree.start) / (tree.end - tree.start)) * 100}%`;
    styled(this.before, { left: "0", width: percent(state.start) });
    styled(this.after, { left: percent(state.end), right: "0" });
  }
}
