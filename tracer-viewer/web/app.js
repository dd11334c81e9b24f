// Which page is shown, by the address. Links within the page do not load it again.

import { problem, show } from "./lib/dom.js";
import { searchPage } from "./search/page.js";
import { livePage } from "./search/live.js";
import { tracePage } from "./trace/page.js";
import { aggregatePage } from "./views/aggregate.js";
import { attributionPage } from "./views/attribution.js";
import { comparePage } from "./views/compare.js";
import { graphPage } from "./views/graph.js";
import { healthPage } from "./views/health.js";
import { operationsPage } from "./views/operations.js";

const PAGES = {
  "/search": searchPage,
  "/live": livePage,
  "/compare": comparePage,
  "/aggregate": aggregatePage,
  "/graph": graphPage,
  "/operations": operationsPage,
  "/attribution": attributionPage,
  "/health": healthPage,
};

let current = new AbortController();

/** Goes to an address of this page. */
function go(address) {
  history.pushState(null, "", address);
  scrollTo(0, 0);
  document.getElementById("main").focus({ preventScroll: true });
  route();
}

/** Shows what the address names. `signal` ends what the last page had going on. */
async function route() {
  current.abort();
  const mine = (current = new AbortController());
  const address = new URL(location.href);
  const page = { parameters: address.searchParams, go, signal: mine.signal, isCurrent: () => mine === current };
  markCurrent(address.pathname);
  try {
    const trace = address.pathname.match(/^\/trace\/([^/]+)$/);
    if (trace) await tracePage(decodeURIComponent(trace[1]), page);
    else await (PAGES[address.pathname] ?? searchPage)(page);
  } catch (error) {
    if (page.isCurrent()) show("Error", problem(error));
  }
}

function markCurrent(path) {
  for (const link of document.querySelectorAll("nav a")) {
    if (link.pathname === path) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !isPlain || event.defaultPrevented || link.target || link.origin !== location.origin) return;
  if (link.hasAttribute("download") || link.hash) return;
  const path = link.getAttribute("href").split("?")[0];
  if (!Object.hasOwn(PAGES, path) && !path.startsWith("/trace/")) return;
  event.preventDefault();
  go(link.getAttribute("href"));
});

document.getElementById("open").addEventListener("submit", (event) => {
  event.preventDefault();
  const id = document.getElementById("open-id").value.trim();
  if (id) go(`/trace/${encodeURIComponent(id)}`);
});

addEventListener("popstate", route);
route();
