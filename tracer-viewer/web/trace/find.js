// Finds spans of a trace by a text: in names, tags, logs and process.

import { el } from "../lib/dom.js";

/** `{ element, matches, focus }`; `changed` is called when `matches` has changed. */
export function finder(tree, state, changed) {
  const said = el("output", { "aria-live": "polite" });
  const input = el("input", {
    type: "search",
    "aria-label": "Find in this trace",
    placeholder: "Find (n, N)",
    title: "Words of a span's names, tags and logs; -word for those without it. Key /",
    value: state.find,
    oninput: () => {
      state.find = input.value;
      search();
      changed();
    },
  });
  const found = {
    element: el("span", { class: "finder" }, input, said),
    matches: new Set(),
    focus: () => input.focus(),
  };
  const search = () => {
    const words = state.find.toLowerCase().split(/\s+/).filter(Boolean);
    found.matches = new Set(words.length === 0 ? [] : tree.rows.filter((row) => hasAll(row, words)));
    said.textContent = words.length === 0 ? "" : `${found.matches.size} of ${tree.rows.length}`;
  };
  search();
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") input.blur();
  });
  return found;
}

function hasAll(row, words) {
  const text = textOf(row);
  return words.every((word) =>
    word.startsWith("-") && word.length > 1 ? !text.includes(word.slice(1)) : text.includes(word),
  );
}

/** All that a span says, in small letters. */
function textOf(row) {
  if (row.text === undefined) {
    const pairs = (list) => list.map(({ key, value }) => `${key}=${value}`);
    const { span, service, process } = row;
    const logs = span.logs.flatMap((log) => pairs(log.fields));
    row.text = [service, span.operationName, span.spanID, ...pairs(span.tags), ...logs, ...pairs(process.tags)]
      .join("\n")
      .toLowerCase();
  }
  return row.text;
}
