// Tables that are sorted by their columns and filtered by a text.

import { el, styled } from "./dom.js";

/** Rows that are made at a time; a button makes more. */
const ROWS_STEP = 500;

/**
 * A table. A column is `{ name, of, show, number, share }`: `of(item)` is what it is sorted by,
 * `show(item)` what stands there (else `of`), `share` draws the value to scale behind it.
 * `sort` is `{ column, down }`; `onsort` hears of changes.
 */
export function table(label, columns, items, sort, onsort = () => {}) {
  const body = el("tbody", {});
  const more = el("button", { class: "more-rows", onclick: () => grow() });
  const head = columns.map(headCell);
  const most = new Map(columns.filter((it) => it.share).map((it) => [it, mostOf(items, it)]));
  let listed = items;
  let ordered = [];
  const grow = () => {
    const from = body.childElementCount;
    const next = ordered.slice(from, from + ROWS_STEP);
    body.append(
      ...next.map((item) =>
        el(
          "tr",
          {},
          columns.map((column) => cell(column, item, most)),
        ),
      ),
    );
    const left = ordered.length - from - next.length;
    more.textContent = `${left} more rows`;
    more.hidden = left === 0;
  };
  const draw = () => {
    ordered = sorted(listed, columns[sort.column], sort.down);
    body.replaceChildren();
    grow();
    head.forEach((it, index) => it.setAttribute("aria-sort", ariaSort(index, sort)));
    onsort(sort);
  };
  head.forEach((it, index) => {
    it.firstElementChild.addEventListener("click", () => {
      sort.down = sort.column === index ? !sort.down : Boolean(columns[index].number);
      sort.column = index;
      draw();
    });
  });
  draw();
  const element = el(
    "div",
    { class: "scroll wide", tabindex: "0", role: "region", "aria-label": label },
    el("table", { class: "numbers" }, el("thead", {}, el("tr", {}, head)), body),
    more,
  );
  const filter = (keeps) => {
    listed = items.filter(keeps);
    draw();
  };
  return { element, filter };
}

/** Sorted by what a column says, numbers as numbers; equal ones stay in their order. */
export function sorted(items, column, down) {
  const sign = down ? -1 : 1;
  const compare = column.number
    ? (a, b) => sign * (column.of(a) - column.of(b))
    : (a, b) => sign * String(column.of(a)).localeCompare(String(column.of(b)));
  return [...items].sort(compare);
}

function mostOf(items, column) {
  let most = 1;
  for (const item of items) most = Math.max(most, column.of(item));
  return most;
}

function headCell({ name, number, title }) {
  return el("th", { scope: "col", class: number ? "number" : null, title }, el("button", { type: "button" }, name));
}

function cell(column, item, most) {
  const value = (column.show ?? column.of)(item);
  const made = el("td", { class: column.number ? "number" : (column.class ?? null) }, value);
  if (!column.share) return made;
  const width = `${Math.max(0, Math.min(100, (column.of(item) / most.get(column)) * 100))}%`;
  made.prepend(styled(el("i", { class: "share-of", "aria-hidden": "true" }), { width }));
  made.classList.add("shared");
  return made;
}

function ariaSort(index, sort) {
  if (index !== sort.column) return "none";
  return sort.down ? "descending" : "ascending";
}
