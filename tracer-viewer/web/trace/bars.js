// A row's bar to scale, with what is marked on it: logs, gaps, the critical path.

import { colorClass } from "../lib/colors.js";
import { el, styled } from "../lib/dom.js";
import { duration } from "../lib/format.js";
import { gapName } from "./analysis.js";

const LOG_MARKS_MAX = 100;
const GAPS_MAX = 50;
const TITLE_MAX = 200;

/** The bar of a row within the time that `state` shows. */
export function track(row, state) {
  const { span, service } = row;
  const scale = (us) => ((us - state.start) / (state.end - state.start)) * 100;
  const [left, right] = [scale(span.startTime), scale(span.startTime + span.duration)];
  const cell = el("div", { class: "track", role: "gridcell" });
  if (right < 0) cell.append(el("span", { class: "off before", title: "before what is shown" }, "◂"));
  else if (left > 100) cell.append(el("span", { class: "off after", title: "after what is shown" }, "▸"));
  else
    cell.append(
      placed("bar " + colorClass(service), left, right),
      ...gaps(row, scale),
      ...critical(row, scale),
      ...logMarks(span, scale),
    );
  if (right >= 0 && left <= 100) cell.append(label(duration(span.duration), Math.max(left, 0), Math.min(right, 100)));
  return cell;
}

/** A mark from left to right in percent; cut where it leaves the track. */
function placed(kind, left, right, title = null) {
  const from = Math.max(left, -1);
  const to = Math.min(right, 101);
  return styled(el("span", { class: kind, title }), { left: `${from}%`, width: `${Math.max(to - from, 0)}%` });
}

function gaps(row, scale) {
  const seen = (row.gaps ?? []).filter(
    ({ start, end }) => scale(end) > 0 && scale(start) < 100 && scale(end) - scale(start) > 0.2,
  );
  return seen.slice(0, GAPS_MAX).map(({ start, end, kind }) => {
    const text = `${gapName(kind)}: ${duration(end - start)}`;
    const mark = placed(`gap ${kind === "waiting" ? "waiting" : "dark"}`, scale(start), scale(end), text);
    if (scale(end) - scale(start) > 12) mark.append(el("span", { class: "gap-name" }, gapName(kind)));
    return mark;
  });
}

function critical(row, scale) {
  const seen = (row.critical ?? []).filter(([start, end]) => scale(end) > 0 && scale(start) < 100);
  return seen.map(([start, end]) =>
    placed("critical", scale(start), scale(end), `critical path: ${duration(end - start)}`),
  );
}

/** Puts a bar's label right of it, or left of it, or if there is no room into it. */
function label(text, left, right) {
  const made = el("span", { class: "label" }, text);
  if (right <= 88) return styled(made, { left: `${right}%` });
  if (left >= 12) return styled(made, { right: `${100 - left}%` });
  made.classList.add("inside");
  return styled(made, { left: `${left}%` });
}

/** A tick per log; those that would fall on one spot are drawn once. */
function logMarks(span, scale) {
  const spots = new Map();
  for (const log of span.logs) {
    const left = scale(log.timestamp);
    if (left < 0 || left > 100) continue;
    const spot = left.toFixed(1);
    if (!spots.has(spot) && spots.size >= LOG_MARKS_MAX) break;
    spots.set(spot, [...(spots.get(spot) ?? []), log]);
  }
  return [...spots].map(([spot, logs]) =>
    styled(el("span", { class: "log-mark", title: titleOf(logs) }), { left: `${spot}%` }),
  );
}

function titleOf(logs) {
  const first = logs[0].fields
    .map(({ key, value }) => `${key}=${value}`)
    .join(" ")
    .slice(0, TITLE_MAX);
  return logs.length === 1 ? first : `${logs.length} logs: ${first} …`;
}
