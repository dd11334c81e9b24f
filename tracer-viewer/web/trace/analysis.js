// What the server found out about a trace, given to the rows that it is about.

/** Puts critical segments, gaps and self time on their rows. */
export function analysisOf(analysis, tree) {
  const rows = tree.byId;
  for (const row of tree.rows) row.selfTime = analysis.selfTime[row.span.spanID] ?? null;
  for (const { spanID, startTime, duration } of analysis.criticalPath) {
    const row = rows.get(spanID);
    if (!row) continue;
    (row.critical ??= []).push([startTime, startTime + duration]);
    row.criticalUs = (row.criticalUs ?? 0) + duration;
    for (let above = row.parent; above && !above.criticalBelow; above = above.parent) above.criticalBelow = true;
  }
  for (const { spanID, startTime, duration, kind } of analysis.gaps) {
    const row = rows.get(spanID);
    if (row) (row.gaps ??= []).push({ start: startTime, end: startTime + duration, kind });
  }
}

/** Names of the kinds of gaps. */
export function gapName(kind) {
  if (kind === "waiting") return "waiting";
  if (kind === "notInstrumented") return "not instrumented";
  return kind;
}
