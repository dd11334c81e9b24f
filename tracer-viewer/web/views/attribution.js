// Where the time goes by the values of any tag: which customer, which session, which version costs most.

import { remember, to } from "../lib/address.js";
import { ask } from "../lib/api.js";
import { el, problem, show } from "../lib/dom.js";
import { count, duration, percent, short } from "../lib/format.js";
import * as logfmt from "../lib/logfmt.js";
import { table } from "../lib/table.js";
import * as conditions from "../search/conditions.js";

/** An address has its limits. */
const VALUE_CHARS_MAX = 500;

/** Shows the values of the key that the address names, or asks for one. */
export async function attributionPage(page) {
  const asked = conditions.read(page.parameters);
  const key = page.parameters.get("key") ?? "";
  const keys = await ask("/api/viewer/keys", asked.service ? { service: asked.service } : {});
  const options = keys.slice(0, 2000).map((value) => el("option", { value }));
  const more = [conditions.field("Tag key", "key", key, "customer", "keys"), el("datalist", { id: "keys" }, options)];
  const { element: form } = await conditions.form("/attribution", "Attribute", asked, page, more);
  if (!page.isCurrent()) return;
  const result = el("section", { class: "results", "aria-live": "polite" });
  show("Attribution", el("div", { class: "search-page" }, conditions.side(form), result));
  if (!key) {
    result.replaceChildren(...offer(keys, asked));
    return;
  }
  try {
    const found = await ask("/api/viewer/attribution", { ...conditions.request(asked), key });
    if (page.isCurrent()) result.replaceChildren(...attributed(found, key, asked, page.parameters));
  } catch (error) {
    if (page.isCurrent()) result.replaceChildren(problem(error));
  }
}

function offer(keys, asked) {
  if (keys.length === 0) return [el("p", { class: "empty" }, "No tag has come yet.")];
  const items = keys
    .slice(0, 300)
    .map((key) => el("li", {}, el("a", { href: to("/attribution", { ...conditions.unusual(asked), key }) }, key)));
  return [el("h1", {}, "By which tag?"), el("ul", { class: "keys" }, items)];
}

function attributed(values, key, asked, parameters) {
  if (values.length === 0) return [el("p", { class: "empty" }, "No span that meets these conditions has this tag.")];
  const total = values.reduce((sum, it) => sum + it.selfTime, 0);
  const columns = columnsOf(key, asked, total);
  const [, column, down] = (parameters.get("order") ?? "").match(/^(\d)(-down)?$/) ?? [null, "1", "-down"];
  const onsort = (sort) => remember({ order: `${sort.column}${sort.down ? "-down" : ""}` });
  const sort = { column: Math.min(Number(column), columns.length - 1), down: Boolean(down) };
  const { element } = table(`Values of ${key}`, columns, values, sort, onsort);
  return [el("h1", {}, `${count(values.length, "value")} of `, el("bdi", {}, key)), element];
}

function columnsOf(key, asked, total) {
  return [
    { name: "Value", of: (it) => it.value, show: (it) => link(key, it.value, asked) },
    {
      name: "Own time",
      number: true,
      share: true,
      title: "of the spans with this value",
      of: (it) => it.selfTime,
      show: (it) => `${duration(it.selfTime)} (${percent(it.selfTime, total)})`,
    },
    { name: "Duration", number: true, of: (it) => it.duration, show: (it) => duration(it.duration) },
    { name: "Traces", number: true, of: (it) => it.traces },
    { name: "Spans", number: true, of: (it) => it.spans },
    { name: "Errors", number: true, of: (it) => it.errors, show: (it) => (it.errors > 0 ? `⚠ ${it.errors}` : "0") },
    { name: "p50", number: true, of: (it) => it.p50, show: (it) => duration(it.p50) },
    { name: "p95", number: true, of: (it) => it.p95, show: (it) => duration(it.p95) },
  ];
}

/** The traces with a value; it joins the tags that are asked for already. */
function link(key, value, asked) {
  const text = String(value);
  if (text.length > VALUE_CHARS_MAX) return el("bdi", {}, short(text, VALUE_CHARS_MAX));
  let tags;
  try {
    tags = logfmt.format({ ...logfmt.parse(asked.tags), [key]: text });
    logfmt.parse(tags);
  } catch {
    // A key with blanks cannot be written so.
    return el("bdi", {}, text);
  }
  return el("a", { href: to("/search", { ...conditions.unusual(asked), tags }) }, el("bdi", {}, text || "(empty)"));
}
