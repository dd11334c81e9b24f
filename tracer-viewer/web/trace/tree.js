// A trace from the query API as rows in the order in which a timeline shows them.
//
// Without recursion, since a chain of spans may be as long as the trace. Spans whose parent is not
// there stand at the top, marked; of a cycle of parents one span is put at the top, marked too.

/** `{ rows, byId, start, end, services }`; a row is `{ span, service, depth, subtree, … }`. */
export function traceTree(trace) {
  const rows = trace.spans.map((span) => row(trace, span));
  const byId = new Map(rows.map((it) => [it.span.spanID, it]));
  refer(rows, byId);
  const tops = [];
  for (const it of rows) {
    const parentId = parentOf(it.span);
    const parent = byId.get(parentId);
    if (parent && parent !== it) {
      parent.children.push(it);
    } else {
      it.missingParent = parentId !== null;
      tops.push(it);
    }
  }
  const ordered = preorder(tops);
  // What no top leads to hangs in a cycle.
  for (const it of rows) {
    if (it.seen) continue;
    it.inCycle = true;
    for (const more of preorder([it])) ordered.push(more);
  }
  const [start, end] = bounds(rows);
  const services = [...new Set(ordered.map((it) => it.service))];
  return { rows: ordered, byId, start, end, services };
}

/** Whether a span says that it failed. */
export function isError(span) {
  return span.tags.some((tag) => tag.key === "error" && (tag.value === true || tag.value === "true"));
}

/** The id of the parent within the trace, or null. */
function parentOf(span) {
  const within = span.references.filter((reference) => reference.traceID === span.traceID);
  const parent = within.find((reference) => reference.refType === "CHILD_OF") ?? within[0];
  return parent?.spanID ?? null;
}

/** Tells rows which others refer to them by more than being their child. */
function refer(rows, byId) {
  for (const it of rows) {
    const parentId = parentOf(it.span);
    for (const { refType, traceID, spanID } of it.span.references) {
      const isParent = traceID === it.span.traceID && spanID === parentId;
      if (isParent && refType === "CHILD_OF") continue;
      it.links = (it.links ?? 0) + 1;
      if (traceID === it.span.traceID && byId.has(spanID)) (byId.get(spanID).referencedBy ??= []).push(it);
    }
  }
}

function row(trace, span) {
  const process = trace.processes[span.processID] ?? { serviceName: "unknown", tags: [] };
  return {
    span,
    process,
    service: process.serviceName,
    isError: isError(span),
    children: [],
    depth: 0,
    subtree: 1,
    seen: false,
  };
}

function preorder(tops) {
  const byStart = (a, b) => a.span.startTime - b.span.startTime;
  const ordered = [];
  const stack = [...tops].sort(byStart).reverse();
  for (const top of stack) top.seen = true;
  while (stack.length > 0) {
    const it = stack.pop();
    it.index = ordered.push(it) - 1;
    const children = it.children
      .filter((child) => !child.seen)
      .sort(byStart)
      .reverse();
    for (const child of children) {
      child.seen = true;
      child.depth = it.depth + 1;
      child.parent = it;
      stack.push(child);
    }
  }
  // Backwards, so that children are counted before their parents.
  for (let index = ordered.length - 1; index >= 0; index--) {
    const { parent, subtree, isError: failed, errorsBelow } = ordered[index];
    if (!parent) continue;
    parent.subtree += subtree;
    parent.errorsBelow = parent.errorsBelow || failed || errorsBelow;
  }
  return ordered;
}

function bounds(rows) {
  let [start, end] = [Infinity, -Infinity];
  for (const { span } of rows) {
    start = Math.min(start, span.startTime);
    end = Math.max(end, span.startTime + span.duration);
  }
  return [start, Math.max(end, start + 1)];
}
