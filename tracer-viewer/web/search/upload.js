// A file of traces from elsewhere: Jaeger's JSON, as its page and this one write it, or OTLP's.

import { traceAddress } from "../lib/address.js";
import { send } from "../lib/api.js";
import { el } from "../lib/dom.js";
import { count } from "../lib/format.js";

/** A field for such a file; it can be dropped there too. */
export function upload(page) {
  const said = el("div", { class: "said", role: "status" });
  const input = el("input", { type: "file", accept: ".json,application/json", onchange: () => take(input.files[0]) });
  const take = async (file) => {
    if (!file) return;
    said.replaceChildren(`Reading ${file.name}…`);
    try {
      const ids = await send("/api/viewer/traces", file);
      if (!page.isCurrent()) return;
      if (ids.length === 1) page.go(traceAddress(ids[0]));
      else said.replaceChildren(found(ids));
    } catch (error) {
      said.replaceChildren(el("p", { class: "problem" }, `${file.name}: ${error.message}`));
    }
    input.value = "";
  };
  const element = el("label", { class: "upload" }, "Open a file (Jaeger or OTLP JSON)", input, said);
  element.addEventListener("dragover", (event) => event.preventDefault());
  element.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  });
  return element;
}

function found(ids) {
  const links = ids.slice(0, 100).map((id) => el("li", {}, el("a", { href: traceAddress(id) }, el("code", {}, id))));
  return el("div", {}, el("p", {}, `${count(ids.length, "trace")} in the file`), el("ul", {}, links));
}
