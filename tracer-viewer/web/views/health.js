// What this server holds, what it had to let go, and what senders say they lost.

import { ask } from "../lib/api.js";
import { el, problem, show, styled } from "../lib/dom.js";
import { bytes, percent } from "../lib/format.js";

const PAUSE_MS = 5000;

/** Shows the health, and keeps it fresh. */
export async function healthPage(page) {
  const result = el("section", {}, el("p", {}, "Asking…"));
  show("Health", el("article", {}, el("h1", {}, "Health of this viewer"), result));
  while (page.isCurrent()) {
    try {
      const health = await ask("/api/viewer/health");
      if (page.isCurrent()) result.replaceChildren(...state(health));
    } catch (error) {
      if (page.isCurrent()) result.replaceChildren(problem(error));
    }
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
}

function state(health) {
  const number = (value) => value.toLocaleString("en");
  const part = Math.min(100, (health.bytes / Math.max(health.bytesMax, 1)) * 100);
  const memory = el(
    "span",
    {
      class: "meter",
      role: "meter",
      "aria-valuenow": Math.round(part),
      "aria-valuemin": 0,
      "aria-valuemax": 100,
      "aria-label": "Memory",
    },
    styled(el("i", {}), { width: `${part}%` }),
  );
  const rows = [
    ["Spans received", number(health.receivedSpans), "since the start"],
    ["Spans held", number(health.storedSpans), `in ${number(health.storedTraces)} traces`],
    [
      "Memory",
      el("span", {}, memory, ` ${bytes(health.bytes)}`),
      `${percent(health.bytes, health.bytesMax)} of ${bytes(health.bytesMax)}`,
    ],
    [
      "Spans evicted",
      marked(health.evictedSpans),
      `with ${number(health.evictedTraces)} traces: the oldest go when memory is full`,
    ],
    ["Spans rejected", marked(health.rejectedSpans), "they could not be read or were too large"],
  ];
  const facts = rows.map(([name, value, note]) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, name),
      el("td", { class: "number" }, value),
      el("td", { class: "words" }, note),
    ),
  );
  return [
    el("div", { class: "scroll" }, el("table", { class: "numbers" }, el("tbody", {}, facts))),
    el("h2", {}, "Lost by senders"),
    senders(health.senders),
  ];
}

function marked(value) {
  return value > 0 ? el("span", { class: "error" }, `⚠ ${value.toLocaleString("en")}`) : "0";
}

function senders(list) {
  const lost = list.flatMap(({ service, instance, lost: reasons }) =>
    Object.entries(reasons).map(([reason, spans]) => [service, instance, reason, spans]),
  );
  if (lost.length === 0) return el("p", { class: "facts" }, "No sender says that it lost a span.");
  const head = ["Service", "Instance", "Reason", "Spans"].map((name) => el("th", { scope: "col" }, name));
  const rows = lost.map(([service, instance, reason, spans]) =>
    el(
      "tr",
      {},
      el("td", {}, service),
      el("td", {}, instance ?? ""),
      el("td", {}, reason),
      el("td", { class: "number" }, marked(spans)),
    ),
  );
  return el(
    "div",
    { class: "scroll" },
    el("table", { class: "numbers" }, el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows)),
  );
}
