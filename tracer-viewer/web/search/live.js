// Traces as they come.

import { ask } from "../lib/api.js";
import { remember } from "../lib/address.js";
import { el, show } from "../lib/dom.js";
import { count } from "../lib/format.js";
import { traceRow } from "./list.js";

const PAUSE_MS = 1000;
const ASKED_AT_ONCE = 100;
/** Older ones leave the list. */
const SHOWN_MAX = 200;

/** Shows new traces at the top, until they are paused. */
export async function livePage(page) {
  const list = el("ol", { class: "traces", "aria-live": "off" });
  const said = el("p", { class: "facts", role: "status" }, "Waiting for traces…");
  const tail = { traces: [], cursor: null, isPaused: false, seen: 0, said, list, filter: filterOf(page.parameters) };
  const pause = el("button", { class: "main-action", "aria-pressed": "false" }, "Pause");
  pause.addEventListener("click", () => {
    tail.isPaused = !tail.isPaused;
    pause.textContent = tail.isPaused ? "Go on" : "Pause";
    pause.setAttribute("aria-pressed", String(tail.isPaused));
    say(tail);
  });
  const change = () => {
    tail.filter = { text: text.value.trim().toLowerCase(), errors: errors.checked };
    remember({ text: text.value.trim(), error: errors.checked ? "true" : null });
    draw(tail);
  };
  const text = el("input", {
    "aria-label": "Service or operation contains",
    placeholder: "Service or operation",
    value: page.parameters.get("text") ?? "",
    oninput: change,
  });
  const errors = el("input", { type: "checkbox", checked: tail.filter.errors, onchange: change });
  const clear = () => {
    tail.traces = [];
    draw(tail);
  };
  const controls = el(
    "div",
    { class: "controls" },
    pause,
    el("button", { onclick: clear }, "Clear"),
    text,
    el("label", { class: "check" }, errors, "Only with errors"),
  );
  show("Live", el("article", {}, el("h1", {}, "Live"), controls, said, list));
  await follow(tail, page);
}

function filterOf(parameters) {
  return { text: (parameters.get("text") ?? "").toLowerCase(), errors: parameters.get("error") === "true" };
}

async function follow(tail, page) {
  while (page.isCurrent()) {
    if (!tail.isPaused && !document.hidden) await more(tail, page);
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
}

async function more(tail, page) {
  const asked = { limit: ASKED_AT_ONCE };
  if (tail.cursor !== null) asked.since = tail.cursor;
  try {
    const { cursor, traces } = await ask("/api/viewer/traces/latest", asked);
    if (!page.isCurrent()) return;
    tail.cursor = cursor;
    if (traces.length > 0) take(tail, traces);
    say(tail);
  } catch (error) {
    tail.said.replaceChildren(el("span", { class: "error" }, "⚠ ", error.message));
  }
}

/** A trace that has grown takes the place of what was known of it. */
function take(tail, traces) {
  const known = new Map(tail.traces.map((trace) => [trace.traceID, trace]));
  for (const trace of traces) {
    if (!known.has(trace.traceID)) tail.seen += 1;
    known.set(trace.traceID, trace);
  }
  tail.traces = [...known.values()].sort((a, b) => b.startTime - a.startTime).slice(0, SHOWN_MAX);
  draw(tail);
}

function draw(tail) {
  const { text, errors } = tail.filter;
  const names = (trace) => [trace.rootOperation, ...trace.services.map((service) => service.name)];
  const shown = tail.traces.filter(
    (trace) =>
      (!errors || trace.errors > 0) && (!text || names(trace).some((name) => name.toLowerCase().includes(text))),
  );
  const longest = shown.reduce((most, trace) => Math.max(most, trace.duration), 1);
  tail.list.replaceChildren(...shown.map((trace) => traceRow(trace, longest)));
}

function say(tail) {
  const state = tail.isPaused ? "Paused." : "Following.";
  tail.said.replaceChildren(`${state} ${count(tail.seen, "trace")} since this page was opened.`);
}
