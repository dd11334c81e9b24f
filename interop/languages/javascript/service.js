// A service of a chain, traced by the OpenTelemetry SDK for JavaScript: `node service.js PROPAGATORS`.
//
// It does what examples/w3c_service does: POST /test with a list of calls to make, answered by what it
// knows of the trace and what each call answered.

import { createServer } from "node:http";

import { ROOT_CONTEXT, SpanKind, TraceFlags, defaultTextMapGetter, defaultTextMapSetter, propagation, trace } from "@opentelemetry/api";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { B3InjectEncoding, B3Propagator } from "@opentelemetry/propagator-b3";
import { JaegerPropagator } from "@opentelemetry/propagator-jaeger";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";

const PROPAGATORS = {
  tracecontext: () => new W3CTraceContextPropagator(),
  baggage: () => new W3CBaggagePropagator(),
  b3: () => new B3Propagator({ injectEncoding: B3InjectEncoding.SINGLE_HEADER }),
  b3multi: () => new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER }),
  jaeger: () => new JaegerPropagator(),
};
const REQUEST_BYTES_MAX = 256 * 1024;
const TIMEOUT_MS = 20_000;

const names = process.argv[2].split(",");
const propagator = new CompositePropagator({ propagators: names.map((name) => PROPAGATORS[name]()) });
const tracer = new BasicTracerProvider().getTracer("interop");

/** The report of one request. */
async function serve(headers, calls) {
  const parent = propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
  const span = tracer.startSpan("serve", { kind: SpanKind.SERVER }, parent);
  const context = trace.setSpan(parent, span);
  const own = span.spanContext();
  const entries = propagation.getBaggage(parent)?.getAllEntries() ?? [];
  const called = [];
  for (const each of calls) {
    called.push(await call(context, each));
  }
  span.end();
  return {
    service: "javascript",
    trace_id: own.traceId,
    span_id: own.spanId,
    parent_id: trace.getSpanContext(parent)?.spanId ?? null,
    sampled: (own.traceFlags & TraceFlags.SAMPLED) !== 0,
    baggage: Object.fromEntries(entries.map(([key, entry]) => [key, entry.value])),
    calls: called,
  };
}

/** Makes a call and reports it. */
async function call(context, asked) {
  const span = tracer.startSpan("call", { kind: SpanKind.CLIENT }, context);
  const called = { url: asked.url, span_id: span.spanContext().spanId, answer: null, error: null };
  const headers = { "content-type": "application/json" };
  propagator.inject(trace.setSpan(context, span), headers, defaultTextMapSetter);
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(asked.url, { method: "POST", headers, body: JSON.stringify(asked.arguments), signal });
    called.answer = await response.json();
  } catch (error) {
    called.error = String(error.cause ?? error);
  }
  span.end();
  return called;
}

async function body(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > REQUEST_BYTES_MAX) {
      throw new Error(`a body of more than ${REQUEST_BYTES_MAX} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

const server = createServer(async (request, response) => {
  let [status, answer] = [200, null];
  try {
    answer = await serve(request.headers, JSON.parse(await body(request)));
  } catch (error) {
    [status, answer] = [400, { error: String(error) }];
  }
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
});
server.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}/test`));
