"""Sends a trace by each exporter of the OpenTelemetry SDK for Python: `send.py OTLP_HTTP OTLP_GRPC`.

Prints a line for each: the service and the trace's id.
"""

import sys

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

http, grpc = sys.argv[1:]
EXPORTERS = {
    "python-http": lambda: HttpExporter(endpoint=f"{http}/v1/traces"),
    "python-http-gzip": lambda: HttpExporter(endpoint=f"{http}/v1/traces", compression=Compression.Gzip),
    "python-grpc": lambda: GrpcExporter(endpoint=grpc, insecure=True),
}

for service, exporter in EXPORTERS.items():
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(SimpleSpanProcessor(exporter()))
    tracer = provider.get_tracer("interop", "1")
    with tracer.start_as_current_span("serve", kind=trace.SpanKind.SERVER, attributes={"n": -3, "list": ["a", "b"]}) as span:
        span.add_event("packed", {"by": "robot"})
        try:
            with tracer.start_as_current_span("call", kind=trace.SpanKind.CLIENT):
                raise ValueError("out of boxes")
        except ValueError:
            pass
    provider.shutdown()
    print(service, format(span.get_span_context().trace_id, "032x"), flush=True)
