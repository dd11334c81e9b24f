// Orders cars. What comes from outside is shown as text and never as markup.

const here = new URL(".", location.href);
const session = Math.floor(Math.random() * 10000);
let requests = 0;
let askedWhoPays = false;

const traces = fetch(new URL("config", here))
  .then((answer) => answer.json())
  .then((config) => httpUrl(config.jaeger))
  .catch(() => null);

document.getElementById("session").textContent = session;
for (const button of document.querySelectorAll("button[data-customer]")) {
  button.addEventListener("click", () => {
    const count = Number(document.getElementById("at-once").value);
    for (let placed = 0; placed < count; placed += 1) {
      order(button.dataset.customer);
    }
  });
}
traces.then((base) => {
  if (base !== null) {
    const link = document.getElementById("viewer");
    link.href = base;
    link.hidden = false;
  }
});
showFixes();
showWhoPays();
document.getElementById("fixes").addEventListener("change", (event) => changeFix(event.target));
for (const form of document.forms) {
  form.addEventListener("submit", (event) => event.preventDefault());
}

async function order(customer) {
  requests += 1;
  const request = `${session}-${requests}`;
  const line = addLine();
  line.textContent = `Dispatching a car… [req: ${request}]`;
  const url = new URL("dispatch", here);
  url.search = new URLSearchParams({ customer, nonse: Math.random() });
  const start = performance.now();
  try {
    const answer = await fetch(url, {
      headers: { baggage: `session=${session}, request=${request}${faults()}` },
    });
    const latency = Math.round(performance.now() - start);
    const text = await answer.text();
    const traceId = traceIdOf(answer.headers.get("traceresponse"));
    if (answer.ok) {
      await arrives(line, JSON.parse(text), `req: ${request}, latency: ${latency}ms`, traceId);
    } else {
      await fails(line, text.trim() || `status ${answer.status}`, `req: ${request}, latency: ${latency}ms`, traceId);
    }
  } catch (error) {
    await fails(line, `the frontend does not answer (${error.message})`, `req: ${request}`, null);
  }
  showWhoPays();
}

// More baggage, as it is asked for.
function faults() {
  const items = [...document.getElementById("faults").elements].filter((input) => input.value.trim() !== "");
  return items.map((input) => `, ${input.name}=${encodeURIComponent(input.value.trim())}`).join("");
}

async function arrives(line, car, facts, traceId) {
  const minutes = Math.round(car.ETA / 60e9);
  line.textContent = `HotROD ${car.Driver} arriving in ${minutes}min [${facts}]`;
  await addLinks(line, car.Driver, traceId);
}

async function fails(line, reason, facts, traceId) {
  line.className = "failed";
  line.textContent = `No car: ${reason} [${facts}]`;
  await addLinks(line, null, traceId);
}

async function addLinks(line, driver, traceId) {
  if (traceId !== null) {
    addHeadersButton(line, traceId);
  }
  const base = await traces;
  if (base === null) {
    return;
  }
  if (driver !== null) {
    const search = new URL("search", base);
    search.search = new URLSearchParams({ service: "frontend", tags: JSON.stringify({ driver }) });
    addLink(line, "[find trace]", search);
  }
  if (traceId !== null) {
    addLink(line, "[open trace]", new URL(`trace/${traceId}`, base));
  }
}

function addHeadersButton(line, traceId) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain";
  button.textContent = "[headers]";
  button.addEventListener("click", () => showHeaders(traceId));
  line.append(" ", button);
}

function addLine() {
  const line = document.createElement("li");
  document.getElementById("orders").prepend(line);
  return line;
}

function addLink(line, text, url) {
  const link = document.createElement("a");
  link.href = url;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  link.textContent = text;
  line.append(" ", link);
}

// 00-<trace id>-<span id>-<flags>
function traceIdOf(traceresponse) {
  const parts = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(traceresponse ?? "");
  return parts === null ? null : parts[1];
}

// A base to resolve paths against; anything that is no page is refused.
function httpUrl(text) {
  const url = new URL(`${text}/`);
  return url.protocol === "http:" || url.protocol === "https:" ? url : null;
}

// How the bottlenecks are now.
async function showFixes() {
  try {
    const answer = await fetch(new URL("fixes", here));
    fillFixes(await answer.json());
  } catch (error) {
    say("fixes-said", `unknown: ${error.message}`);
  }
}

function fillFixes(values) {
  for (const input of document.getElementById("fixes").elements) {
    if (input.type === "checkbox") {
      input.checked = values[input.name] === true;
    } else {
      input.value = values[input.name];
    }
  }
}

async function changeFix(input) {
  if (!input.reportValidity()) {
    return;
  }
  const value = input.type === "checkbox" ? input.checked : Number(input.value);
  try {
    const answer = await fetch(new URL("fixes", here), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ [input.name]: value }),
    });
    const text = await answer.text();
    if (answer.ok) {
      fillFixes(JSON.parse(text));
      say("fixes-said", "changed");
    } else {
      say("fixes-said", text.trim());
    }
  } catch (error) {
    say("fixes-said", `not changed: ${error.message}`);
  }
}

// The route service's time, a moment later: many orders may end at once.
async function showWhoPays() {
  if (askedWhoPays) {
    return;
  }
  askedWhoPays = true;
  await new Promise((resolve) => setTimeout(resolve, 300));
  askedWhoPays = false;
  try {
    const answer = await fetch(new URL("debug/vars", here));
    const vars = await answer.json();
    fillShares("by-customer", vars["route.calc.by.customer.sec"] ?? {});
    fillShares("by-session", vars["route.calc.by.session.sec"] ?? {});
    say("pays-said", (vars.unreachable ?? []).join("; "));
  } catch (error) {
    say("pays-said", `unknown: ${error.message}`);
  }
}

// The ten that pay most.
function fillShares(id, seconds) {
  const shares = Object.entries(seconds).sort((a, b) => b[1] - a[1]).slice(0, 10);
  const most = shares.length === 0 ? 1 : shares[0][1];
  const rows = shares.map(([name, value]) => {
    const meter = document.createElement("meter");
    meter.max = most;
    meter.value = value;
    meter.setAttribute("aria-hidden", "true");
    return row([name.replaceAll("_", " "), meter, `${value.toFixed(2)} s`]);
  });
  document.getElementById(id).replaceChildren(...rows);
}

async function showHeaders(traceId) {
  document.getElementById("wire").hidden = false;
  say("wire-said", `trace ${traceId}`);
  try {
    const url = new URL("debug/headers", here);
    url.search = new URLSearchParams({ trace: traceId });
    const answer = await fetch(url);
    const { data, unreachable } = await answer.json();
    const rows = data.flatMap((hop) => hopRows(hop));
    document.getElementById("hops").replaceChildren(...rows);
    if (rows.length === 0) {
      say("wire-said", `trace ${traceId}: its headers are not kept any more`);
    } else if (unreachable.length > 0) {
      say("wire-said", `trace ${traceId}; ${unreachable.join("; ")}`);
    }
  } catch (error) {
    say("wire-said", `unknown: ${error.message}`);
  }
  document.getElementById("wire").scrollIntoView({ block: "nearest" });
}

// One request: its headers, each in a row.
function hopRows(hop) {
  const headers = hop.headers.length === 0 ? [["(none)", ""]] : hop.headers;
  return headers.map(([name, value], place) => {
    const to = place === 0 ? `${hop.service} ${hop.path}` : "";
    const line = row([to, name, value]);
    line.className = place === 0 ? "first" : "";
    return line;
  });
}

function row(cells) {
  const line = document.createElement("tr");
  for (const cell of cells) {
    const data = document.createElement("td");
    data.append(cell);
    line.append(data);
  }
  return line;
}

function say(id, text) {
  document.getElementById(id).textContent = text;
}
