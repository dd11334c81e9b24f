// A service of a chain, traced by the OpenTelemetry SDK for Go: `go-service PROPAGATORS`.
//
// It does what examples/w3c_service does: POST /test with a list of calls to make, answered by what
// it knows of the trace and what each call answered.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/contrib/propagators/jaeger"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const (
	requestBytesMax = 256 << 10
	answerBytesMax  = 1 << 20
)

type call struct {
	URL       string            `json:"url"`
	Arguments []json.RawMessage `json:"arguments"`
}

type called struct {
	URL    string          `json:"url"`
	SpanID string          `json:"span_id"`
	Answer json.RawMessage `json:"answer"`
	Error  *string         `json:"error"`
}

type report struct {
	Service  string            `json:"service"`
	TraceID  string            `json:"trace_id"`
	SpanID   string            `json:"span_id"`
	ParentID *string           `json:"parent_id"`
	Sampled  bool              `json:"sampled"`
	Baggage  map[string]string `json:"baggage"`
	Calls    []called          `json:"calls"`
}

type service struct {
	propagator propagation.TextMapPropagator
	tracer     trace.Tracer
	client     *http.Client
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) != 1 {
		return fmt.Errorf("usage: go-service PROPAGATORS")
	}
	propagator, err := propagators(arguments[0])
	if err != nil {
		return err
	}
	// No proxy, whatever the environment says: everything is on this machine.
	client := &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second}
	tracer := sdktrace.NewTracerProvider().Tracer("interop")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	http.Handle("POST /test", &service{propagator, tracer, client})
	fmt.Printf("listening on http://%s/test\n", listener.Addr())
	return http.Serve(listener, nil)
}

func propagators(names string) (propagation.TextMapPropagator, error) {
	var all []propagation.TextMapPropagator
	for _, name := range strings.Split(names, ",") {
		switch name {
		case "tracecontext":
			all = append(all, propagation.TraceContext{})
		case "baggage":
			all = append(all, propagation.Baggage{})
		case "b3":
			all = append(all, b3.New(b3.WithInjectEncoding(b3.B3SingleHeader)))
		case "b3multi":
			all = append(all, b3.New(b3.WithInjectEncoding(b3.B3MultipleHeader)))
		case "jaeger":
			all = append(all, jaeger.Jaeger{})
		default:
			return nil, fmt.Errorf("no propagator %q", name)
		}
	}
	return propagation.NewCompositeTextMapPropagator(all...), nil
}

// ServeHTTP answers with the report of one request.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var calls []call
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, requestBytesMax)).Decode(&calls); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	parent := s.propagator.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	caller := trace.SpanContextFromContext(parent)
	ctx, span := s.tracer.Start(parent, "serve", trace.WithSpanKind(trace.SpanKindServer))
	defer span.End()
	own := span.SpanContext()
	answer := report{
		Service: "go",
		TraceID: own.TraceID().String(),
		SpanID:  own.SpanID().String(),
		Sampled: own.IsSampled(),
		Baggage: map[string]string{},
		Calls:   []called{},
	}
	if caller.IsValid() {
		id := caller.SpanID().String()
		answer.ParentID = &id
	}
	for _, member := range baggage.FromContext(ctx).Members() {
		answer.Baggage[member.Key()] = member.Value()
	}
	for _, each := range calls {
		answer.Calls = append(answer.Calls, s.call(ctx, each))
	}
	w.Header().Set("content-type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// call makes a call and reports it.
func (s *service) call(ctx context.Context, asked call) called {
	ctx, span := s.tracer.Start(ctx, "call", trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	made := called{URL: asked.URL, SpanID: span.SpanContext().SpanID().String()}
	var err error
	if made.Answer, err = s.send(ctx, asked); err != nil {
		text := err.Error()
		made.Error = &text
	}
	return made
}

func (s *service) send(ctx context.Context, asked call) (json.RawMessage, error) {
	body, err := json.Marshal(asked.Arguments)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, asked.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("content-type", "application/json")
	s.propagator.Inject(ctx, propagation.HeaderCarrier(request.Header))
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, answerBytesMax))
	if err == nil && !json.Valid(answer) {
		err = fmt.Errorf("status %d, no JSON: %.200q", response.StatusCode, answer)
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}
