// The list of traces, and a plot of them, for the conditions of the address.

import { ask } from "../lib/api.js";
import { to } from "../lib/address.js";
import { el, problem, show } from "../lib/dom.js";
import * as conditions from "./conditions.js";
import { traceList } from "./list.js";
import { scatter } from "./scatter.js";
import { upload } from "./upload.js";

/** Shows the page of searching. */
export async function searchPage(page) {
  const asked = conditions.read(page.parameters);
  const { element: form, services } = await conditions.form("/search", "Find traces", asked, page);
  if (!page.isCurrent()) return;
  const results = el(
    "section",
    { class: "results", "aria-live": "polite", "aria-busy": "true" },
    el("p", {}, "Searching…"),
  );
  show("Search", el("div", { class: "search-page" }, conditions.side(form, upload(page)), results));
  try {
    const traces = await ask("/api/viewer/traces", conditions.request(asked));
    if (!page.isCurrent()) return;
    if (traces.length === 0) results.replaceChildren(nothing(services.length > 0));
    else
      results.replaceChildren(
        otherViews(asked),
        scatter(traces, page),
        ...traceList(traces, asked, page.parameters.get("sort")),
      );
  } catch (error) {
    if (page.isCurrent()) results.replaceChildren(problem(error));
  }
  results.setAttribute("aria-busy", "false");
}

/** The same traces, seen in another way. */
function otherViews(asked) {
  const kept = conditions.unusual(asked);
  return el(
    "p",
    { class: "facts" },
    "The same traces:",
    el("a", { href: to("/aggregate", kept) }, "by path"),
    el("a", { href: to("/attribution", kept) }, "by a tag"),
  );
}

function nothing(hasServices) {
  if (hasServices) return el("p", { class: "empty" }, "No trace meets these conditions.");
  return el(
    "div",
    { class: "empty" },
    el("p", {}, "No span has come yet."),
    el("p", {}, "Send spans to this address by OTLP over HTTP, path ", el("code", {}, "/v1/traces"), "."),
  );
}
