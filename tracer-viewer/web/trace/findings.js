// What stands out in a trace, as a list whose entries lead to their spans.

import { el } from "../lib/dom.js";
import { count, duration, percent, short } from "../lib/format.js";
import { gapName } from "./analysis.js";

/** Of each kind the largest ones. */
const EACH_MAX = 5;
const NAME_CHARS_MAX = 60;

/** The list for an analysis. `jump` shows a row. */
export function findings(analysis, tree, jump) {
  const groups = [
    ["Critical path", "◆", criticalPath(analysis, tree)],
    ["One after the other", "▙", staircases(analysis, tree)],
    ["Limited", "▤", limits(analysis, tree)],
    ["Gaps", "▨", gaps(analysis, tree)],
    ["Errors", "⚠", errors(tree)],
  ].filter(([, , found]) => found.length > 0);
  if (groups.length === 0) return el("p", { class: "facts" }, "Nothing stands out in this trace.");
  const sections = groups.map(([title, sign, found]) =>
    el(
      "section",
      {},
      el("h3", {}, el("span", { "aria-hidden": "true" }, sign, " "), title),
      el(
        "ol",
        {},
        found.slice(0, EACH_MAX).map((one) => entry(one, jump)),
      ),
      found.length > EACH_MAX ? el("small", {}, `and ${found.length - EACH_MAX} more`) : null,
    ),
  );
  return el(
    "details",
    { class: "findings", open: innerWidth > 640 },
    el("summary", {}, `Findings: ${summed(groups)}`),
    el("div", {}, sections),
  );
}

function summed(groups) {
  return groups.map(([title]) => title.toLowerCase()).join(", ");
}

function entry({ row, text }, jump) {
  return el("li", {}, row ? el("button", { class: "jump-to", onclick: () => jump(row) }, text) : text);
}

/** Which operations the time of the critical path goes to. */
function criticalPath({ criticalPath: segments }, tree) {
  const total = segments.reduce((sum, segment) => sum + segment.duration, 0);
  const groups = new Map();
  for (const segment of segments) {
    const row = tree.byId.get(segment.spanID);
    if (!row) continue;
    const name = nameOf(row);
    const group = groups.get(name) ?? { us: 0, longest: 0, segments: 0 };
    group.us += segment.duration;
    group.segments += 1;
    if (segment.duration >= group.longest) Object.assign(group, { longest: segment.duration, row });
    groups.set(name, group);
  }
  return [...groups]
    .sort(([, a], [, b]) => b.us - a.us)
    .map(([name, { us, row }]) => ({ row, text: `${percent(us, total)} (${duration(us)}) in ${name}` }));
}

function staircases({ staircases: found }, tree) {
  return [...found]
    .sort((a, b) => b.duration - a.duration)
    .map((one) => ({
      row: tree.byId.get(one.spanIDs[0]) ?? tree.byId.get(one.parentSpanID),
      text: `${one.spanIDs.length} × ${short(one.service, NAME_CHARS_MAX)}: ${short(one.operation, NAME_CHARS_MAX)}, one after the other, ${duration(one.duration)}`,
    }));
}

function limits({ concurrency: found }, tree) {
  return [...found]
    .sort((a, b) => b.spans - a.spans)
    .map((one) => ({
      row: tree.byId.get(one.parentSpanID),
      text: `${one.spans} × ${short(one.service, NAME_CHARS_MAX)}: ${short(one.operation, NAME_CHARS_MAX)}, never more than ${one.most} at once`,
    }));
}

function gaps({ gaps: found }, tree) {
  return [...found]
    .sort((a, b) => b.duration - a.duration)
    .map((one) => {
      const row = tree.byId.get(one.spanID);
      return { row, text: `${duration(one.duration)} ${gapName(one.kind)} in ${row ? nameOf(row) : one.spanID}` };
    });
}

function errors(tree) {
  const failed = tree.rows.filter((row) => row.isError);
  if (failed.length === 0) return [];
  // The deepest one is nearest to the cause.
  const deepest = failed.reduce((best, row) => (row.depth > best.depth ? row : best));
  return [{ row: deepest, text: `${count(failed.length, "span")} failed, the deepest is ${nameOf(deepest)}` }];
}

function nameOf(row) {
  return `${short(row.service, NAME_CHARS_MAX)}: ${short(row.span.operationName, NAME_CHARS_MAX)}`;
}
