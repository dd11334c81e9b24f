// Sends a trace by each exporter of the OpenTelemetry SDK for JavaScript: `node send.js OTLP_HTTP`.
//
// Prints a line for each: the service and the trace's id.

import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";

const url = `${process.argv[2]}/v1/traces`;
const EXPORTERS = {
  "javascript-json": () => new JsonExporter({ url }),
  "javascript-json-gzip": () => new JsonExporter({ url, compression: "gzip" }),
  "javascript-protobuf": () => new ProtobufExporter({ url }),
};

for (const [service, exporter] of Object.entries(EXPORTERS)) {
  const resource = resourceFromAttributes({ "service.name": service });
  const provider = new BasicTracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor(exporter())] });
  const tracer = provider.getTracer("interop", "1");
  const span = tracer.startSpan("serve", { kind: SpanKind.SERVER, attributes: { n: -3, list: ["a", "b"] } }, ROOT_CONTEXT);
  span.addEvent("packed", { by: "robot" });
  const call = tracer.startSpan("call", { kind: SpanKind.CLIENT }, trace.setSpan(ROOT_CONTEXT, span));
  call.recordException(new Error("out of boxes"));
  call.setStatus({ code: SpanStatusCode.ERROR, message: "out of boxes" });
  call.end();
  span.end();
  await provider.forceFlush();
  await provider.shutdown();
  console.log(service, span.spanContext().traceId);
}
