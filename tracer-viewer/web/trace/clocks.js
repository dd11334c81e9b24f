// Clocks that seem to be off: said, and taken away only if the reader asks for it.

import { to } from "../lib/address.js";
import { el } from "../lib/dom.js";
import { count, duration } from "../lib/format.js";

/** Whether an address asks for times by the clock of the trace's root. */
export function isAdjusted(parameters) {
  return parameters.get("clocks") === "adjusted";
}

/** Where a trace and its analysis are, by the clocks that the address asks for. */
export function addresses(id, parameters) {
  const name = encodeURIComponent(id);
  const clocks = isAdjusted(parameters) ? { clocks: "adjusted" } : {};
  return {
    trace: isAdjusted(parameters) ? to(`/api/viewer/traces/${name}`, clocks) : `/api/traces/${name}`,
    analysis: to(`/api/viewer/traces/${name}/analysis`, clocks),
  };
}

/** What is known of clocks, and the way to the other view; null if none seems to be off. */
export function clocksNote({ clockSkew }, tree, parameters) {
  const moved = clockSkew.filter(({ spanID }) => tree.byId.has(spanID));
  if (moved.length === 0) return null;
  const most = moved.reduce((top, { by }) => (Math.abs(by) > Math.abs(top) ? by : top), 0);
  const by = `${most > 0 ? "+" : "−"}${duration(Math.abs(most))}`;
  const link = (text, clocks) => el("a", { href: to(location.pathname, { clocks }) }, text);
  if (isAdjusted(parameters)) {
    return note(
      `Clocks adjusted, an estimate: ${count(moved.length, "span")} moved by up to ${by}, marked ! with the amount. `,
      link("Show times as recorded", null),
    );
  }
  return note(
    `Clocks seem to be off: ${count(moved.length, "span")} would have to move by up to ${by} to lie where their callers wait. `,
    link("Adjust them", "adjusted"),
  );
}

function note(...content) {
  return el("p", { class: "warned" }, ...content);
}
