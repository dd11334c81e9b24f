// The rows of a timeline: a tree of spans to the left, their bars to scale to the right.
//
// Keys: up and down (or k and j) move, left and right fold and unfold, Enter opens the details,
// e and E go to the next and the previous error.

import { colorClass } from "./colors.js";
import { details } from "./details.js";
import { el, styled } from "./dom.js";
import { duration } from "./format.js";

/** Rows that are made at a time; more follow as the reader comes near the end. */
const CHUNK_ROWS = 500;
const LOG_MARKS_MAX = 100;
const RULER_PARTS = 4;

/** `{ element, controls, reveal }`; `reveal` scrolls to the span that the address names. */
export function timeline(tree, parameters) {
  return new Timeline(tree, parameters).parts();
}

class Timeline {
  constructor(tree, parameters) {
    this.tree = tree;
    this.folded = new Set((parameters.get("fold") ?? "").split(",").filter(Boolean));
    this.open = new Set(parameters.getAll("span"));
    this.first = parameters.get("span");
    this.made = new Map();
    this.list = el("div", { class: "rows", role: "treegrid", "aria-label": "Spans", "aria-rowcount": tree.rows.length });
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.more = el("button", { class: "more", onclick: () => this.grow() }, "More spans");
    this.observer = new IntersectionObserver((seen) => seen.some((it) => it.isIntersecting) && this.grow(), {
      rootMargin: "1000px",
    });
    this.observer.observe(this.more);
    this.render();
  }

  parts() {
    const all = (text, change) => el("button", { onclick: () => this.fold(change) }, text);
    const controls = el(
      "div",
      { class: "controls" },
      all("Expand all", () => this.folded.clear()),
      all("Collapse all", () => {
        for (const row of this.tree.rows) if (row.children.length > 0 && row.depth > 0) this.folded.add(row.span.spanID);
      }),
      this.tree.rows.some((row) => row.isError)
        ? el("button", { onclick: () => this.nextError(1) }, "Next error")
        : null,
    );
    const element = el("div", { class: "timeline" }, ruler(this.tree), this.list, this.more);
    return { element, controls, reveal: () => this.first && this.focus(this.first) };
  }

  /** The rows that no folded span hides. */
  visible() {
    const rows = [];
    for (let index = 0; index < this.tree.rows.length; ) {
      const row = this.tree.rows[index];
      rows.push(row);
      index += this.folded.has(row.span.spanID) ? row.subtree : 1;
    }
    return rows;
  }

  render(atLeast = CHUNK_ROWS) {
    this.rows = this.visible();
    this.shown = 0;
    this.list.replaceChildren();
    this.grow(atLeast);
  }

  /** Makes more rows. */
  grow(by = CHUNK_ROWS) {
    const next = this.rows.slice(this.shown, this.shown + by);
    this.shown += next.length;
    this.list.append(...next.map((row) => this.element(row)));
    if (!this.list.querySelector('[tabindex="0"]')) this.list.firstElementChild?.firstElementChild?.setAttribute("tabindex", "0");
    this.more.hidden = this.shown >= this.rows.length;
    this.more.textContent = `${this.rows.length - this.shown} more spans`;
  }

  element(row) {
    const id = row.span.spanID;
    const isOpen = this.open.has(id);
    const line = el(
      "div",
      {
        class: `row${row.isError ? " failed" : ""}`,
        role: "row",
        tabindex: "-1",
        "aria-level": row.depth + 1,
        "aria-rowindex": row.index + 1,
        "aria-expanded": row.children.length > 0 ? String(!this.folded.has(id)) : null,
        onclick: (event) => event.target.closest(".twist") || this.toggle(row),
      },
      this.nameCell(row),
      barCell(row, this.tree),
    );
    const wrapper = el("div", { class: `entry${isOpen ? " open" : ""}` }, line);
    if (isOpen) wrapper.append(details(row, this.tree));
    this.made.set(row, wrapper);
    return wrapper;
  }

  nameCell(row) {
    const isFolded = this.folded.has(row.span.spanID);
    const hasChildren = row.children.length > 0;
    const twist = el(
      "button",
      { class: "twist", tabindex: "-1", "aria-hidden": "true", onclick: () => this.foldOne(row, !isFolded) },
      isFolded ? "▸" : "▾",
    );
    const cell = el(
      "div",
      { class: "name", role: "rowheader" },
      hasChildren ? twist : el("span", { class: "twist" }),
      el("i", { class: `dot ${colorClass(row.service)}` }),
      row.isError ? el("span", { class: "error", role: "img", "aria-label": "error", title: "error" }, "⚠") : null,
      isFolded && row.errorsBelow && !row.isError
        ? el("span", { class: "error faint", role: "img", "aria-label": "error below", title: "error below" }, "⚠")
        : null,
      el("b", {}, row.service),
      el("span", { class: "operation" }, row.span.operationName),
      isFolded ? el("small", {}, `+${row.subtree - 1}`) : null,
      row.missingParent ? el("small", { class: "note" }, "missing parent") : null,
      row.inCycle ? el("small", { class: "note" }, "its own ancestor") : null,
    );
    return styled(cell, { "--depth": String(Math.min(row.depth, 24)) });
  }

  toggle(row) {
    const id = row.span.spanID;
    const wrapper = this.made.get(row);
    if (this.open.delete(id)) {
      wrapper.querySelector(".details")?.remove();
    } else {
      this.open.add(id);
      wrapper.append(details(row, this.tree));
    }
    wrapper.classList.toggle("open", this.open.has(id));
    this.remember();
  }

  foldOne(row, isFolded) {
    this.fold(() => (isFolded ? this.folded.add(row.span.spanID) : this.folded.delete(row.span.spanID)));
    this.focus(row.span.spanID);
  }

  fold(change) {
    change();
    this.render(Math.max(this.shown, CHUNK_ROWS));
    this.remember();
  }

  /** Puts what is open and folded into the address. */
  remember() {
    const address = new URL(location.href);
    address.searchParams.delete("span");
    for (const id of [...this.open].slice(0, 20)) address.searchParams.append("span", id);
    // An address has its limits; a trace that is folded in hundreds of places opens unfolded.
    const folded = [...this.folded];
    if (folded.length > 0 && folded.length <= 100) address.searchParams.set("fold", folded.join(","));
    else address.searchParams.delete("fold");
    history.replaceState(null, "", address.pathname + address.search.replaceAll("%2C", ","));
  }

  /** Goes to a span, and shows it if it is hidden. */
  focus(id) {
    const target = this.tree.rows.find((row) => row.span.spanID === id);
    if (!target) return;
    let hidden = false;
    for (let above = target.parent; above; above = above.parent) hidden = this.folded.delete(above.span.spanID) || hidden;
    if (hidden) this.render(this.shown);
    const at = this.rows.indexOf(target);
    if (at >= this.shown) this.grow(at - this.shown + CHUNK_ROWS);
    const line = this.made.get(target).firstElementChild;
    this.list.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1");
    line.setAttribute("tabindex", "0");
    line.focus({ preventScroll: true });
    line.scrollIntoView({ block: "nearest" });
  }

  nextError(step) {
    const { rows } = this.tree;
    const from = this.current()?.index ?? -1;
    for (let moved = 1; moved <= rows.length; moved++) {
      const row = rows[(from + step * moved + 2 * rows.length) % rows.length];
      if (row.isError) return this.focus(row.span.spanID);
    }
  }

  current() {
    const line = document.activeElement?.closest?.(".row");
    return this.rows.find((row) => this.made.get(row)?.firstElementChild === line);
  }

  key(event) {
    const row = event.target.classList.contains("row") && !event.ctrlKey && !event.metaKey && !event.altKey && this.current();
    if (!row) return;
    const at = this.rows.indexOf(row);
    const to = (index) => this.rows[index] && this.focus(this.rows[index].span.spanID);
    const isFolded = this.folded.has(row.span.spanID);
    const hasChildren = row.children.length > 0;
    const actions = {
      ArrowDown: () => to(at + 1),
      j: () => to(at + 1),
      ArrowUp: () => to(at - 1),
      k: () => to(at - 1),
      Home: () => to(0),
      End: () => to(this.rows.length - 1),
      ArrowRight: () => (hasChildren && isFolded ? this.foldOne(row, false) : to(at + 1)),
      ArrowLeft: () =>
        hasChildren && !isFolded ? this.foldOne(row, true) : row.parent && this.focus(row.parent.span.spanID),
      Enter: () => this.toggle(row),
      " ": () => this.toggle(row),
      e: () => this.nextError(1),
      E: () => this.nextError(-1),
    };
    if (!Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  }
}

function ruler({ start, end }) {
  const marks = Array.from({ length: RULER_PARTS + 1 }, (_, part) => {
    const at = (part / RULER_PARTS) * (end - start);
    return styled(el("span", {}, duration(at)), { left: `${(part / RULER_PARTS) * 100}%` });
  });
  return el(
    "div",
    { class: "ruler", "aria-hidden": "true" },
    el("div", { class: "name" }, "Service and operation"),
    el("div", { class: "marks" }, marks),
  );
}

function barCell({ span, service }, { start, end }) {
  const percent = (us) => (us / (end - start)) * 100;
  const left = percent(span.startTime - start);
  const width = percent(span.duration);
  const bar = styled(el("span", { class: `bar ${colorClass(service)}` }), { left: `${left}%`, width: `${width}%` });
  const label = labelBeside(el("span", { class: "label" }, duration(span.duration)), left, left + width);
  return el("div", { class: "track", role: "gridcell" }, bar, logMarks(span, start, percent), label);
}

/** Puts a bar's label right of it, or left of it, or if there is no room into it. */
function labelBeside(label, left, right) {
  if (right <= 88) return styled(label, { left: `${right}%` });
  if (left >= 12) return styled(label, { right: `${100 - left}%` });
  label.classList.add("inside");
  return styled(label, { left: `${left}%` });
}

/** A tick per log; those that would fall on one spot are drawn once. */
function logMarks(span, start, percent) {
  const spots = new Map();
  for (const log of span.logs) {
    const left = Math.min(Math.max(percent(log.timestamp - start), 0), 100);
    const spot = left.toFixed(1);
    spots.set(spot, (spots.get(spot) ?? 0) + 1);
    if (spots.size >= LOG_MARKS_MAX) break;
  }
  return [...spots].map(([spot, logs]) =>
    styled(el("span", { class: "log-mark", title: logs === 1 ? "log" : `${logs} logs` }), { left: `${spot}%` }),
  );
}
