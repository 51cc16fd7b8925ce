// Package generate is the load generator: one thread with an event loop of its own, non-blocking sockets, and clients that are written by
// hand, so that it costs little, and nearly the same for each message whatever server is measured. It runs as a process of its own: what it is to do
// comes as JSON on its standard input, what it sees goes as JSON to its standard output.
package generate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/sojourn-go/sojourn/bench/internal/dialect"
)

// Work is what connections are for.
type Work string

// What connections can be for.
const (
	Call    Work = "call"    // each makes calls
	Follow  Work = "follow"  // each follows what the generator publishes, by POSTs to /publish
	Hold    Work = "hold"    // each is opened, follows, and stays until the standard input ends
	Connect Work = "connect" // they are opened and left, one after the other
	Storm   Work = "storm"   // each follows, is cut, and comes back with all others, to where things are published. Warm and Measure mean nothing: it takes the time that it takes
	Resume  Work = "resume"  // the same, by conversations that go on: each is opened once before
)

// Spec says what to do.
type Spec struct {
	Dialect     string   // how the server is spoken to: see package dialect
	Addresses   []string // of the server's instances, "127.0.0.1:8080": connections go to one after the other
	Publish     string   // where POSTs go; default: the first of these
	Work        Work
	Connections int           // how many; while connecting is measured, how many are being opened at a time
	Bytes       int           // of a payload; what is paced needs 43 at least
	Topics      int           // over which those who follow, and what is published, are spread; default 1
	Rate        float64       // calls, or messages published, a second, at a steady pace whatever the server does (open loop). 0: saturated (closed loop)
	Ahead       int           // saturated: calls of a connection, or messages published, that are under way at once; default 1
	Stuck       int           // connections that do not read in the last two thirds of what is measured, and catch up afterwards; only of those that follow at a pace
	Warm        time.Duration // before it is measured, at the same load
	Measure     time.Duration // how long it is measured
}

// Result is what was seen while it was measured.
type Result struct {
	Seconds  float64 // how long it was measured
	CPU      float64 // seconds of processor time that the generator took
	Messages int     // answers, deliveries or connections
	Sent     int     // calls, or messages published
	Missing  int     // deliveries that were left out, though later ones came
	Stalls   int     // times that a saturated run went on without the last deliveries, after 200 ms without any
	Latency  Latency // from when a message should have been sent to its arrival; where connections are stuck, meanwhile ...
	Before   Latency // ... and before
	Late     Late    // where connections were stuck, when they have caught up
}

// Event is a line of the generator's output.
type Event struct {
	What   string  // "open": all connections stand; "begin" of the measuring, "stuck" in its middle, if some are, "end", then "caught up"; "failed"
	Result *Result `json:",omitempty"` // at the end, and when they have caught up
	Why    string  `json:",omitempty"` // of failed
}

// GoOn is the second line of what Main reads: those who were stuck can read again.
const GoOn = `"go on"` + "\n"

// Main does what the first line of in says, and reports to out. Connections stay until in ends, so that others can look at the server meanwhile; for the same reason
// those who were stuck wait for GoOn.
func Main(in io.Reader, out io.Writer) error {
	var spec Spec
	lines := json.NewDecoder(in)
	if err := lines.Decode(&spec); err != nil {
		return fmt.Errorf("generate: the spec: %w", err)
	}
	goOn, left := make(chan struct{}, 1), make(chan struct{})
	go func() {
		defer close(left)
		var line string
		if lines.Decode(&line) == nil {
			goOn <- struct{}{}
			_, _ = io.Copy(io.Discard, in)
		}
	}()
	g, err := newGenerator(spec, json.NewEncoder(out), goOn, left)
	if err == nil {
		err = g.run()
	}
	if err != nil {
		_ = g.out.Encode(Event{What: "failed", Why: err.Error()})
	}
	return err
}

func (s *Spec) check() error {
	least := minPayload
	if s.Rate == 0 {
		least = 1
	}
	if s.Connections < 1 || len(s.Addresses) == 0 || s.Bytes < least || s.Measure <= 0 && s.Work != Hold && s.Work != Storm {
		return fmt.Errorf("generate: the spec needs connections to somewhere, %d bytes at least, and a time to measure: %+v", least, *s)
	}
	if s.Topics > 1 && (s.Work != Follow || s.Rate > 0 || s.Topics > s.Connections) {
		return fmt.Errorf("generate: topics are for a saturated fan-out, with one who follows each at least: %+v", *s)
	}
	if s.Stuck > 0 && (s.Work != Follow || s.Rate == 0 || s.Stuck >= s.Connections) {
		return fmt.Errorf("generate: only some who follow at a pace can be stuck: %+v", *s)
	}
	s.Ahead, s.Topics, s.Publish = max(s.Ahead, 1), max(s.Topics, 1), cmp.Or(s.Publish, s.Addresses[0])
	_, err := s.session(0)
	return err
}

// address is where a connection goes.
func (s *Spec) address(connection int) string { return s.Addresses[connection%len(s.Addresses)] }

// session returns a conversation for a connection.
func (s *Spec) session(connection int) (dialect.Session, error) {
	return dialect.New(s.Dialect, dialect.Setting{Host: s.address(connection), Follow: s.Work != Call && s.Work != Connect, Topic: s.topic(connection)})
}

// topic is the name of the topic that a connection follows; "" where there is only one, which has no name.
func (s *Spec) topic(connection int) string {
	if s.Topics <= 1 {
		return ""
	}
	return strconv.Itoa(connection % s.Topics)
}
