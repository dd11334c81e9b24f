// A service and a time back from now, for the pages that sum up all spans.

import { to } from "../lib/address.js";
import { el } from "../lib/dom.js";
import { choice, LOOKBACKS, startOf } from "../search/conditions.js";

const USUAL = "1h";

/** The time back that the address names. */
export function lookbackOf(parameters) {
  const given = parameters.get("lookback");
  return LOOKBACKS.some(([name]) => name === given) ? given : USUAL;
}

/** What the server is asked. */
export function request(parameters) {
  const asked = { start: startOf(lookbackOf(parameters)) };
  if (parameters.get("service")) asked.service = parameters.get("service");
  return asked;
}

/** Fields that go to their page at once; with `services` also a choice among them. */
export function lookbackForm(path, page, services = null) {
  const go = () => {
    const data = Object.fromEntries(new FormData(element));
    if (data.lookback === USUAL) delete data.lookback;
    page.go(to(path, data));
  };
  const service = page.parameters.get("service") ?? "";
  const element = el(
    "form",
    { class: "line", "aria-label": "Conditions", onsubmit: (event) => event.preventDefault() },
    services ? choice("Service", "service", [["", "All"], ...services.map((name) => [name, name])], service, go) : null,
    choice("Lookback", "lookback", LOOKBACKS, lookbackOf(page.parameters), go),
  );
  return element;
}
