// The address keeps what a page shows, so that a link shows the same.

/** Changes parameters of the address without a new entry in the history; empty ones are left out. */
export function remember(changes) {
  const address = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) {
    address.searchParams.delete(name);
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "") address.searchParams.append(name, one);
    }
  }
  history.replaceState(null, "", address.pathname + address.search.replaceAll("%2C", ","));
}

/** An address of this page: `to("/search", { service: "route" })`. */
export function to(path, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const query = new URLSearchParams(given).toString();
  return query ? `${path}?${query}` : path;
}

/** The address of a trace, and of a span in it. */
export function traceAddress(id, span = null) {
  return to(`/trace/${encodeURIComponent(id)}`, { span });
}
