"""A service of a chain, traced by the OpenTelemetry SDK for Python: `service.py PROPAGATORS`.

It does what examples/w3c_service does: POST /test with a list of calls to make, answered by what it
knows of the trace and what each call answered.
"""

import json
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry import baggage, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.b3 import B3MultiFormat, B3SingleFormat
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.jaeger import JaegerPropagator
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

PROPAGATORS = {
    "tracecontext": TraceContextTextMapPropagator,
    "baggage": W3CBaggagePropagator,
    "b3": B3SingleFormat,
    "b3multi": B3MultiFormat,
    "jaeger": JaegerPropagator,
}
REQUEST_BYTES_MAX = 256 * 1024
TIMEOUT_SECONDS = 20

propagator = CompositePropagator([PROPAGATORS[name]() for name in sys.argv[1].split(",")])
tracer = TracerProvider().get_tracer("interop")
# No proxy, whatever the environment says: everything is on this machine.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def serve(headers, calls):
    """The report of one request."""
    carrier = {name.lower(): headers.get_all(name) for name in headers.keys()}
    parent = propagator.extract(carrier)
    with tracer.start_as_current_span("serve", parent, trace.SpanKind.SERVER) as span:
        context = trace.set_span_in_context(span, parent)
        own = span.get_span_context()
        caller = trace.get_current_span(parent).get_span_context()
        return {
            "service": "python",
            "trace_id": format(own.trace_id, "032x"),
            "span_id": format(own.span_id, "016x"),
            "parent_id": format(caller.span_id, "016x") if caller.is_valid else None,
            "sampled": bool(own.trace_flags.sampled),
            "baggage": dict(baggage.get_all(parent)),
            "calls": [call(context, each) for each in calls],
        }


def call(context, asked):
    """Makes a call and reports it."""
    with tracer.start_as_current_span("call", context, trace.SpanKind.CLIENT) as span:
        called = {"url": asked["url"], "span_id": format(span.get_span_context().span_id, "016x")}
        headers = {"content-type": "application/json"}
        propagator.inject(headers, trace.set_span_in_context(span, context))
        body = json.dumps(asked["arguments"]).encode()
        request = urllib.request.Request(asked["url"], body, headers)
        try:
            with opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                return {**called, "answer": json.load(response), "error": None}
        except (OSError, ValueError) as error:
            return {**called, "answer": None, "error": str(error)}


class Handler(BaseHTTPRequestHandler):
    """Answers POST with a report."""

    def do_POST(self):
        """Reads a list of calls."""
        try:
            length = int(self.headers.get("content-length", ""))
            if not 0 <= length <= REQUEST_BYTES_MAX:
                raise ValueError(f"a body of {length} bytes")
            answer, status = serve(self.headers, json.loads(self.rfile.read(length))), 200
        except (ValueError, KeyError, TypeError) as error:
            answer, status = {"error": str(error)}, 400
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing of each request."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"listening on http://127.0.0.1:{server.server_address[1]}/test", flush=True)
server.serve_forever()
