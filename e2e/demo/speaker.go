package main

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/protocol"
)

// participant is somebody who speaks, listens and answers questions.
type participant interface {
	// talk says something at each tick, until ctx ends.
	talk(ctx context.Context, every time.Duration)
	socket() string
	close(ctx context.Context) error
}

// speaker is a participant by the Go client.
type speaker struct {
	*client.Client
	name  string
	ways  []string // transports; if there are several it changes from one to the next all the time
	tally *tally

	waits   sync.WaitGroup // for answers
	answers sync.Map       // by message number: the answer's cursor
}

const (
	room = "demo"
	stay = 10 // lines that a speaker with several transports says over each
)

// newSpeaker dials and enters. It returns when it hears what is said in the room.
func newSpeaker(ctx context.Context, url, name string, ways []string, t *tally) (*speaker, error) {
	s := &speaker{name: name, ways: ways, tally: t}
	var err error
	s.Client, err = client.Dial(ctx, url+"/rt", &client.Options{
		Transports: ways,
		OnLost:     func(stream, why string) { t.problem("%s was told that entries of %q are lost: %s", name, stream, why) },
		Trace:      s.trace,
		Handlers: map[string]client.Handler{
			"demo.confirm": func(_ context.Context, p protocol.Payload) (any, error) { return p, nil },
		},
	})
	if err != nil {
		return nil, err
	}
	t.join(name)
	answered := t.call("enter")
	err = s.Call(ctx, "chat.enter", map[string]string{"room": room, "name": name}, nil)
	answered(err)
	if err == nil {
		_, err = s.Subscribe(ctx, "room/"+room, s.hear)
	}
	return s, err
}

func (s *speaker) hear(e client.Entry) {
	var line struct{ From, Text string }
	if err := e.JSON(&line); err != nil || e.Lost != "" {
		s.tally.problem("%s: entry: %v, lost %q", s.name, err, e.Lost)
		return
	}
	s.tally.hear(s.name, s.way(), line.From, line.Text)
}

// way is the transport in use.
func (s *speaker) way() string {
	if len(s.ways) == 1 {
		return s.ways[0]
	}
	return s.Transport()
}

// trace looks for a call that is answered twice: in two entries of the socket's own stream. One entry may come more than once.
func (s *speaker) trace(direction string, frame []byte) {
	f, err := protocol.ParseFrame(frame)
	if err != nil || direction != "down" || f.Kind != protocol.Answer && f.Kind != protocol.AnswerError {
		return
	}
	n, cursor := string(f.Field(1)), string(f.Field(0))
	if before, ok := s.answers.LoadOrStore(n, cursor); ok && before != cursor {
		s.tally.problem("%s: call %s is answered at %s and again at %s", s.name, n, before, cursor)
	}
}

// send makes a call; the tally is told when it is answered.
func (s *speaker) send(ctx context.Context, method string, in any) {
	answered := s.tally.call(s.name + ": " + method)
	p := s.Send(method, in)
	s.waits.Go(func() {
		if err := p.Wait(ctx, nil); ctx.Err() == nil {
			answered(err)
		}
	})
}

func (s *speaker) talk(ctx context.Context, every time.Duration) {
	each(ctx, every, func(n int) {
		if way := wayAt(s.ways, n); way != "" {
			if err := s.Use(way); err != nil {
				s.tally.problem("%s: %v", s.name, err)
			}
		}
		s.send(context.WithoutCancel(ctx), "chat.say", s.tally.say(s.name))
	})
}

// wayAt returns the transport to change to before line n; "" for none.
func wayAt(ways []string, n int) string {
	if len(ways) == 1 || n%stay != 0 {
		return ""
	}
	return ways[n/stay%len(ways)]
}

// each calls f at each tick, with 0, 1, 2 ..., until ctx ends.
func each(ctx context.Context, every time.Duration, f func(n int)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-tick.C:
			f(n)
		case <-ctx.Done():
			return
		}
	}
}

func (s *speaker) socket() string { return s.ID() }

func (s *speaker) close(ctx context.Context) error {
	err := s.Close(ctx)
	s.waits.Wait()
	return err
}

// host asks everybody questions, tells the pages the counts, and knows who is in the room.
type host struct {
	*speaker
	mu   sync.Mutex
	here map[string]string // names by socket
}

func newHost(ctx context.Context, url string, t *tally) (*host, error) {
	h := &host{speaker: &speaker{name: "host", tally: t}}
	var err error
	h.Client, err = client.Dial(ctx, url+"/rt", &client.Options{
		OnLost: func(stream, why string) { t.problem("the host was told that entries of %q are lost: %s", stream, why) },
		Trace:  h.trace,
	})
	if err != nil {
		return nil, err
	}
	if _, err = h.Subscribe(ctx, "records/all", h.record); err != nil {
		return h, err
	}
	_, err = h.State(ctx, "people/"+room, func(value json.RawMessage) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.here = nil
		if err := json.Unmarshal(value, &h.here); err != nil {
			t.problem("who is here: %v", err)
		}
	})
	return h, err
}

func (h *host) record(e client.Entry) {
	var r record
	if err := e.JSON(&r); err != nil || e.Lost != "" {
		h.tally.problem("records: %v, lost %q", err, e.Lost)
		return
	}
	h.tally.record(r)
}

// nameOf returns the name of a socket in the room; "" if it is not there.
func (h *host) nameOf(socket string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.here[socket]
}

// question asks everybody in turn, until ctx ends.
func (h *host) question(ctx context.Context, all []participant, every time.Duration) {
	each(ctx, every, func(n int) {
		h.send(context.WithoutCancel(ctx), "demo.ask", h.tally.ask(all[n%len(all)].socket()))
	})
}

// report tells the pages the counts, until ctx ends, and at the end.
func (h *host) report(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for done := false; !done; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			done = true
		}
		if err := h.Call(context.WithoutCancel(ctx), "demo.report", h.tally.stats(), nil); err != nil {
			h.tally.problem("report: %v", err)
			return
		}
	}
}
