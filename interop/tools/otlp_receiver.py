"""A receiver of OTLP over HTTP, on OpenTelemetry's own types.

POST /v1/traces takes a request, protobuf, plain or gzip. GET /received answers all of them, as
protobuf's own JSON. It prints where it listens: a free port of 127.0.0.1.
"""

import gzip
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

RECEIVED = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if self.path != "/v1/traces" or self.headers["content-type"] != "application/x-protobuf":
            return self.answer(400, "text/plain", b"neither path nor type is OTLP's")
        request = trace_service_pb2.ExportTraceServiceRequest.FromString(body)
        unknown = request.SerializeToString()
        if len(unknown) != len(body):
            return self.answer(400, "text/plain", b"it is not as protobuf itself writes it")
        RECEIVED.append(MessageToDict(request))
        response = trace_service_pb2.ExportTraceServiceResponse()
        return self.answer(200, "application/x-protobuf", response.SerializeToString())

    def do_GET(self):
        self.answer(200, "application/json", json.dumps(RECEIVED).encode())

    def answer(self, status, content_type, body):
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


# A connection that is kept open holds its thread.
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
