// The timeline: a tree of spans to the left, their bars to scale to the right. Only the rows in view are made.

import { el, styled } from "../lib/dom.js";
import { duration } from "../lib/format.js";
import { VirtualRows } from "../lib/virtual.js";
import { details } from "./details.js";
import { dragRange } from "./drag.js";
import { finder } from "./find.js";
import { helpDialog, pressed } from "./keys.js";
import { Minimap } from "./minimap.js";
import { rowElement } from "./row.js";

const RULER_PARTS = 4;

export class Timeline {
  constructor(tree, state, signal) {
    Object.assign(this, { tree, state });
    this.list = el("div", {
      class: "rows",
      role: "treegrid",
      "aria-label": "Spans",
      "aria-rowcount": tree.rows.length,
    });
    this.minimap = new Minimap(tree, state, () => this.zoomed(), signal);
    this.marks = el("div", { class: "marks" });
    this.head = el(
      "div",
      { class: "timeline-head" },
      this.minimap.element,
      el("div", { class: "ruler" }, el("div", { class: "name" }, "Service and operation"), this.marks),
    );
    this.finder = finder(tree, state, () => this.found());
    this.dialog = helpDialog();
    this.element = el(
      "section",
      { "aria-label": "Timeline" },
      this.controls(),
      el("div", { class: "timeline" }, this.head, this.list),
      this.dialog,
    );
    this.rows = new VirtualRows(
      this.list,
      (row) => this.make(row),
      signal,
      () => this.headHeight(),
    );
    this.active = tree.rows[0];
    dragRange(this.marks, (from, to) => this.zoomPart(from, to));
    document.addEventListener("keydown", (event) => this.element.isConnected && pressed(event, this), { signal });
    this.list.addEventListener("focusin", (event) => this.focused(event));
  }

  controls() {
    const button = (text, act, title = null) => el("button", { onclick: act, title }, text);
    const hasErrors = this.tree.rows.some((row) => row.isError);
    this.onlyCritical = el("input", {
      type: "checkbox",
      checked: this.state.onlyCritical,
      disabled: true,
      onchange: () => this.hideOthers(),
    });
    this.whole = button("Whole time", () => this.zoomAll(), "key 0");
    return el(
      "div",
      { class: "controls" },
      button("Expand all", () => this.foldAll(false), "key ]"),
      button("Collapse all", () => this.foldAll(true), "key ["),
      hasErrors ? button("Next error", () => this.next(this.current(), 1, (row) => row.isError), "key e") : null,
      button("Zoom in", () => this.zoomBy(0.5), "key +"),
      button("Zoom out", () => this.zoomBy(2), "key -"),
      this.whole,
      el("label", { class: "check" }, this.onlyCritical, "Only the critical path"),
      this.finder.element,
      button("Keys", () => this.help(), "key ?"),
    );
  }

  /** To be called when the element is in the page. */
  attached() {
    this.rows.setItems(this.state.visible());
    this.zoomed();
    this.minimap.draw();
  }

  /** To be called when the rows know what was found out about them. */
  analysed() {
    this.onlyCritical.disabled = false;
    if (!this.element.isConnected) return;
    if (this.state.onlyCritical) this.rows.setItems(this.state.visible());
    this.rows.refresh();
    this.minimap.draw();
  }

  revealFirst() {
    const row = this.tree.byId.get(this.state.first);
    if (row) this.jump(row, false);
  }

  make(row) {
    const line = rowElement(row, this.state, this, this.matches(row));
    line.row = row;
    if (row === this.active) line.setAttribute("tabindex", "0");
    const isOpen = this.state.open.has(row.span.spanID);
    const entry = el("div", { class: `entry${isOpen ? " open" : ""}`, role: "presentation" }, line);
    if (isOpen) entry.append(details(row, this.tree, (other) => this.jump(other)));
    return entry;
  }

  /** The row with the focus, or null. */
  current() {
    return document.activeElement?.closest?.(".row")?.row ?? null;
  }

  focused(event) {
    const line = event.target.closest(".row");
    if (!line) return;
    this.list.querySelector('.row[tabindex="0"]')?.setAttribute("tabindex", "-1");
    line.setAttribute("tabindex", "0");
    this.active = this.rows.pinned = line.row;
  }

  /** Shows a row, whatever hid it, and gives it the focus. */
  jump(row, open = false) {
    if (!row) return;
    let isHidden = false;
    for (let above = row.parent; above; above = above.parent)
      isHidden = this.state.folded.delete(above.span.spanID) || isHidden;
    if (this.state.onlyCritical && !row.critical && !row.criticalBelow) {
      this.state.onlyCritical = this.onlyCritical.checked = false;
      isHidden = true;
    }
    if (open) this.state.open.add(row.span.spanID);
    if (isHidden) this.rows.setItems(this.state.visible());
    if (isHidden) this.rows.refresh();
    const { startTime, duration: length } = row.span;
    if (startTime > this.state.end || startTime + length < this.state.start) this.zoomAll();
    const line = this.rows.reveal(row)?.firstElementChild;
    line?.focus({ preventScroll: true });
    line?.classList.add("shown");
  }

  step(row, by) {
    const { items } = this.rows;
    if (!row) return this.jump(this.rows.firstInView());
    this.jump(items[this.rows.places.get(row) + by]);
  }

  edge(place) {
    this.jump(this.rows.items.at(place));
  }

  into(row) {
    if (row.children.length > 0 && this.state.folded.has(row.span.spanID)) this.fold(row, false);
    else this.step(row, 1);
  }

  outOf(row) {
    if (row.children.length > 0 && !this.state.folded.has(row.span.spanID)) this.fold(row, true);
    else this.jump(row.parent);
  }

  /** The next row of a kind, from a row on and round the end. */
  next(from, by, isWanted) {
    const { rows } = this.tree;
    const at = from?.index ?? (by > 0 ? -1 : rows.length);
    for (let moved = 1; moved <= rows.length; moved++) {
      const row = rows[(at + by * moved + 2 * rows.length) % rows.length];
      if (isWanted(row)) return this.jump(row);
    }
  }

  matches(row) {
    return this.finder.matches.has(row);
  }

  found() {
    this.state.remember();
    this.rows.refresh();
  }

  toggle(row) {
    const id = row.span.spanID;
    if (!this.state.open.delete(id)) this.state.open.add(id);
    this.active = row;
    this.state.remember();
    this.rows.refresh(row);
    this.rows.made.get(row)?.firstElementChild.focus({ preventScroll: true });
  }

  fold(row, isFolded) {
    if (isFolded) this.state.folded.add(row.span.spanID);
    else this.state.folded.delete(row.span.spanID);
    this.refold();
    this.jump(row);
  }

  foldAll(isFolded) {
    const current = this.current();
    this.state.folded.clear();
    for (const row of isFolded ? this.tree.rows : []) {
      if (row.children.length > 0 && row.depth > 0) this.state.folded.add(row.span.spanID);
    }
    this.refold();
    if (current && this.rows.places.has(current)) this.jump(current);
  }

  hideOthers() {
    this.state.onlyCritical = this.onlyCritical.checked;
    this.refold();
  }

  refold() {
    this.rows.setItems(this.state.visible());
    this.rows.refresh();
    this.state.remember();
  }

  zoomBy(factor, row = null) {
    const middle = row && row.span.startTime + row.span.duration / 2;
    const isInView = middle && middle > this.state.start && middle < this.state.end;
    this.state.zoomBy(factor, isInView ? middle : undefined);
    this.zoomed();
  }

  zoomTo(row) {
    const margin = Math.max(row.span.duration * 0.05, 1);
    this.state.zoom(row.span.startTime - margin, row.span.startTime + row.span.duration + margin);
    this.zoomed();
  }

  zoomPart(from, to) {
    const { start, end } = this.state;
    this.state.zoom(start + from * (end - start), start + to * (end - start));
    this.zoomed();
  }

  zoomAll() {
    this.state.zoom(this.tree.start, this.tree.end);
    this.zoomed();
  }

  pan(part) {
    this.state.pan(part);
    this.zoomed();
  }

  zoomed() {
    const { start, end } = this.state;
    const ticks = Array.from({ length: RULER_PARTS + 1 }, (_, part) => {
      const at = start - this.tree.start + (part / RULER_PARTS) * (end - start);
      return styled(el("span", { class: "tick" }, duration(at)), { left: `${(part / RULER_PARTS) * 100}%` });
    });
    for (const old of this.marks.querySelectorAll(".tick")) old.remove();
    this.marks.prepend(...ticks);
    this.whole.disabled = !this.state.isZoomed();
    this.minimap.mark();
    this.state.remember();
    this.rows.refresh();
  }

  help() {
    this.dialog.showModal();
  }

  headHeight() {
    return getComputedStyle(this.head).position === "sticky" ? this.head.getBoundingClientRect().height : 0;
  }
}
