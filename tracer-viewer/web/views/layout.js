// Places for the nodes of a directed graph: in columns from callers to callees, with few crossings.
//
// Edges that close a cycle do not count for the columns. Within a column a node stands near the mean
// of its neighbours, which some sweeps to and fro approach.

const SWEEPS = 8;

/** Name -> `{ column, place }`. Edges are `{ parent, child }`. */
export function layered(names, edges) {
  const proper = edges.filter(
    ({ parent, child }) => parent !== child && names.includes(parent) && names.includes(child),
  );
  const forward = withoutCycles(names, proper);
  const columns = columnsOf(names, forward);
  const layers = [];
  for (const name of names) (layers[columns.get(name)] ??= []).push(name);
  const neighbours = new Map(names.map((name) => [name, []]));
  for (const { parent, child } of proper) {
    neighbours.get(parent).push(child);
    neighbours.get(child).push(parent);
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) arrange(sweep % 2 ? [...layers].reverse() : layers, neighbours, layers);
  const spots = new Map();
  layers.forEach((layer, column) =>
    layer.forEach((name, place) => spots.set(name, { column, place, of: layer.length })),
  );
  return spots;
}

/** The edges without those that lead back to where a walk came from; without recursion. */
function withoutCycles(names, edges) {
  const out = new Map(names.map((name) => [name, []]));
  const incoming = new Map(names.map((name) => [name, 0]));
  for (const edge of edges) {
    out.get(edge.parent).push(edge);
    incoming.set(edge.child, incoming.get(edge.child) + 1);
  }
  const kept = [];
  const state = new Map();
  for (const start of [...names].sort((a, b) => incoming.get(a) - incoming.get(b))) {
    const stack = state.has(start) ? [] : [[start, 0]];
    while (stack.length > 0) {
      const top = stack.at(-1);
      const [name, next] = top;
      state.set(name, "open");
      const edge = out.get(name)[next];
      if (!edge) {
        state.set(name, "done");
        stack.pop();
        continue;
      }
      top[1] += 1;
      if (state.get(edge.child) === "open") continue;
      kept.push(edge);
      if (!state.has(edge.child)) stack.push([edge.child, 0]);
    }
  }
  return kept;
}

/** The longest way to each node from one that nobody calls. */
function columnsOf(names, edges) {
  const waiting = new Map(names.map((name) => [name, 0]));
  const out = new Map(names.map((name) => [name, []]));
  for (const { parent, child } of edges) {
    waiting.set(child, waiting.get(child) + 1);
    out.get(parent).push(child);
  }
  const columns = new Map(names.map((name) => [name, 0]));
  const ready = names.filter((name) => waiting.get(name) === 0);
  while (ready.length > 0) {
    const name = ready.pop();
    for (const child of out.get(name)) {
      columns.set(child, Math.max(columns.get(child), columns.get(name) + 1));
      waiting.set(child, waiting.get(child) - 1);
      if (waiting.get(child) === 0) ready.push(child);
    }
  }
  return columns;
}

function arrange(order, neighbours, layers) {
  const part = new Map();
  for (const layer of layers) layer.forEach((name, place) => part.set(name, (place + 0.5) / layer.length));
  for (const layer of order) {
    const wish = new Map(
      layer.map((name) => [name, mean(neighbours.get(name).map((other) => part.get(other))) ?? part.get(name)]),
    );
    layer.sort((a, b) => wish.get(a) - wish.get(b));
    layer.forEach((name, place) => part.set(name, (place + 0.5) / layer.length));
  }
}

function mean(numbers) {
  return numbers.length === 0 ? null : numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
