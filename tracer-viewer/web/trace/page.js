// The page of one trace: what it is in a few numbers, what stands out, and its spans as a timeline or a table.

import { ask } from "../lib/api.js";
import { remember, to } from "../lib/address.js";
import { colorClass } from "../lib/colors.js";
import { el, problem, show } from "../lib/dom.js";
import { count, dateTime, duration, short } from "../lib/format.js";
import { analysisOf } from "./analysis.js";
import { addresses, clocksNote } from "./clocks.js";
import { findings } from "./findings.js";
import { spanTable } from "./table.js";
import { State } from "./state.js";
import { Timeline } from "./timeline.js";
import { traceTree } from "./tree.js";

const VIEWS = { timeline: "Timeline", table: "Span table" };

/** Shows a trace; see `State` for what the address keeps. */
export async function tracePage(id, page) {
  show("Trace", el("p", {}, "Loading…"));
  const address = addresses(id, page.parameters);
  const analysing = ask(address.analysis).catch((error) => error);
  const [trace] = await ask(address.trace);
  if (!page.isCurrent()) return;
  const tree = traceTree(trace);
  const title = `${short(tree.rows[0].service)}: ${short(tree.rows[0].span.operationName)}`;
  const state = new State(tree, page.parameters);
  const timeline = new Timeline(tree, state, page.signal);
  const found = el("div", { "aria-live": "polite" });
  const panel = el("div", {});
  const view = views(panel, page, timeline, () => spanTable(tree, page, (row) => view.jump(row)));
  show(
    title,
    el("article", { class: "trace-page" }, head(trace, tree, title, address.trace), services(tree), found, view.tabs, panel),
  );
  view.open(page.parameters.get("view"));
  if (view.name === "timeline") timeline.revealFirst();
  const analysis = await analysing;
  if (!page.isCurrent()) return;
  if (analysis instanceof Error) {
    found.replaceChildren(problem(new Error(`Its critical path and findings could not be had: ${analysis.message}`)));
    return;
  }
  analysisOf(analysis, tree);
  const notes = [clocksNote(analysis, tree, page.parameters), findings(analysis, tree, (row) => view.jump(row))];
  found.replaceChildren(...notes.filter(Boolean));
  timeline.analysed();
  if (view.name === "table") view.open("table");
}

/** The two views of the spans, and the buttons between them. */
function views(panel, page, timeline, makeTable) {
  const tabs = el("div", { class: "tabs", role: "tablist", "aria-label": "Views" });
  const view = {
    tabs,
    name: "timeline",
    open(name) {
      view.name = Object.hasOwn(VIEWS, name) ? name : "timeline";
      for (const tab of tabs.children) tab.setAttribute("aria-selected", String(tab.name === view.name));
      panel.replaceChildren(view.name === "table" ? makeTable() : timeline.element);
      if (view.name === "timeline") timeline.attached();
    },
    jump(row) {
      if (view.name !== "timeline") {
        view.open("timeline");
        remember({ view: null });
      }
      timeline.jump(row);
    },
  };
  for (const [name, label] of Object.entries(VIEWS)) {
    const onclick = () => {
      view.open(name);
      remember({ view: name === "timeline" ? null : name });
    };
    tabs.append(el("button", { role: "tab", name, onclick }, label));
  }
  return view;
}

function head(trace, tree, title, address) {
  const depth = tree.rows.reduce((most, row) => Math.max(most, row.depth), 0) + 1;
  const errors = tree.rows.filter((row) => row.isError).length;
  return el(
    "header",
    { class: "trace-head" },
    el("h1", {}, title, " ", el("code", { class: "id" }, trace.traceID)),
    el(
      "p",
      { class: "facts" },
      el("b", {}, duration(tree.end - tree.start)),
      el("span", {}, dateTime(tree.start)),
      el("span", {}, count(tree.rows.length, "span")),
      el("span", {}, count(tree.services.length, "service")),
      el("span", {}, `depth ${depth}`),
      errors > 0 ? el("span", { class: "error" }, "⚠ ", count(errors, "error")) : null,
      el("a", { href: to("/compare", { a: trace.traceID }) }, "Compare with…"),
      el("a", { href: address, target: "_blank" }, "JSON"),
      el("a", { href: address, download: `trace-${trace.traceID}.json` }, "Download"),
    ),
    warnings(trace, tree),
  );
}

/** What the server says of the whole trace, and how many of its spans have warnings of their own. */
function warnings(trace, tree) {
  const texts = [...(trace.warnings ?? [])];
  const warned = tree.rows.filter((row) => row.span.warnings?.length).length;
  if (warned > 0) texts.push(`${count(warned, "span")} with warnings, marked ! below.`);
  const lost = tree.rows.filter((row) => row.missingParent).length;
  if (lost > 0) texts.push(`${count(lost, "span")} whose parent is not here: the trace may be incomplete.`);
  if (texts.length === 0) return null;
  return el(
    "ul",
    { class: "warned" },
    texts.slice(0, 50).map((text) => el("li", {}, text)),
  );
}

function services(tree) {
  const spans = new Map();
  for (const row of tree.rows) spans.set(row.service, (spans.get(row.service) ?? 0) + 1);
  const chips = tree.services.map((name) =>
    el("li", {}, el("i", { class: `dot ${colorClass(name)}` }), `${short(name)} ${spans.get(name)}`),
  );
  return el("ul", { class: "chips", "aria-label": "Services" }, chips);
}
