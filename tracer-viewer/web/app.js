// Which page is shown, by the address. Links within the page do not load it again.

import { el, show } from "./dom.js";
import { searchPage } from "./search.js";
import { tracePage } from "./trace.js";

/** Goes to an address of this page. */
export function go(address) {
  history.pushState(null, "", address);
  route();
}

// An answer that comes after another page was asked for is not shown.
let turn = 0;

async function route() {
  const mine = ++turn;
  const address = new URL(location.href);
  const isCurrent = () => mine === turn;
  try {
    const trace = address.pathname.match(/^\/trace\/([^/]+)$/);
    if (trace) {
      await tracePage(decodeURIComponent(trace[1]), address.searchParams, isCurrent);
    } else {
      await searchPage(address.searchParams, go, isCurrent);
    }
  } catch (error) {
    if (isCurrent()) show("Error", el("p", { class: "problem", role: "alert" }, error.message));
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !isPlain || event.defaultPrevented || link.target || link.origin !== location.origin) return;
  if (link.pathname !== "/search" && !link.pathname.startsWith("/trace/")) return;
  event.preventDefault();
  go(link.pathname + link.search);
});

document.getElementById("open").addEventListener("submit", (event) => {
  event.preventDefault();
  const id = document.getElementById("open-id").value.trim();
  if (id) go(`/trace/${encodeURIComponent(id)}`);
});

addEventListener("popstate", route);
route();
