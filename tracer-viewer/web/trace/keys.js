// The keys of the timeline, and the list of them.

import { el } from "../lib/dom.js";

/** Key, what it does in words, and what it calls. Several keys may do the same. */
const KEYS = [
  [["j", "ArrowDown"], "next span", (it, row) => it.step(row, 1)],
  [["k", "ArrowUp"], "previous span", (it, row) => it.step(row, -1)],
  [["ArrowRight"], "unfold, or go into", (it, row) => it.into(row)],
  [["ArrowLeft"], "fold, or go to the parent", (it, row) => it.outOf(row)],
  [["Home"], "first span", (it) => it.edge(0)],
  [["End"], "last span", (it) => it.edge(-1)],
  [["Enter", " "], "open or close the details", (it, row) => row && it.toggle(row)],
  [["e"], "next error", (it, row) => it.next(row, 1, (other) => other.isError)],
  [["E"], "previous error", (it, row) => it.next(row, -1, (other) => other.isError)],
  [["c"], "next span on the critical path", (it, row) => it.next(row, 1, (other) => other.critical)],
  [["C"], "previous span on the critical path", (it, row) => it.next(row, -1, (other) => other.critical)],
  [["n"], "next match of the text", (it, row) => it.next(row, 1, (other) => it.matches(other))],
  [["N"], "previous match of the text", (it, row) => it.next(row, -1, (other) => it.matches(other))],
  [["+", "="], "zoom in", (it, row) => it.zoomBy(0.5, row)],
  [["-"], "zoom out", (it, row) => it.zoomBy(2, row)],
  [["0"], "show the whole time", (it) => it.zoomAll()],
  [["z"], "zoom to this span", (it, row) => row && it.zoomTo(row)],
  [["a"], "go left in time", (it) => it.pan(-0.25)],
  [["d"], "go right in time", (it) => it.pan(0.25)],
  [["["], "fold all", (it) => it.foldAll(true)],
  [["]"], "unfold all", (it) => it.foldAll(false)],
  [["/"], "find a text", (it) => it.finder.focus()],
  [["?"], "this list", (it) => it.help()],
];
/** What these do belongs to the page until a row has the focus. */
const ONLY_ON_ROWS = new Set(["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight", "Home", "End", "Enter", " "]);
const ACTIONS = new Map(KEYS.flatMap(([keys, , act]) => keys.map((key) => [key, act])));

/** Acts on a key that was pressed anywhere on the page, but not in a field. */
export function pressed(event, timeline) {
  if (event.ctrlKey || event.metaKey || event.altKey || !ACTIONS.has(event.key)) return;
  const isOnRow = event.target.classList.contains("row");
  if (event.target.closest?.("input, select, textarea, dialog")) return;
  if (!isOnRow && (ONLY_ON_ROWS.has(event.key) || event.target.closest?.("canvas"))) return;
  event.preventDefault();
  ACTIONS.get(event.key)(timeline, timeline.current());
}

/** The list of keys. */
export function helpDialog() {
  const rows = KEYS.map(([keys, text]) =>
    el(
      "tr",
      {},
      el(
        "th",
        { scope: "row" },
        keys.map((key) => el("kbd", {}, key === " " ? "Space" : key.replace("Arrow", ""))),
      ),
      el("td", {}, text),
    ),
  );
  const dialog = el(
    "dialog",
    { class: "help", "aria-label": "Keys" },
    el("h2", {}, "Keys"),
    el("table", {}, el("tbody", {}, rows)),
    el("form", { method: "dialog" }, el("button", { class: "main-action" }, "Close")),
  );
  return dialog;
}
