// Orders cars. What comes from outside is shown as text and never as markup.

const here = new URL(".", location.href);
const session = Math.floor(Math.random() * 10000);
let requests = 0;

const traces = fetch(new URL("config", here))
  .then((answer) => answer.json())
  .then((config) => httpUrl(config.jaeger))
  .catch(() => null);

document.getElementById("session").textContent = session;
for (const button of document.querySelectorAll("button[data-customer]")) {
  button.addEventListener("click", () => order(button.dataset.customer));
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
      headers: { baggage: `session=${session}, request=${request}` },
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
