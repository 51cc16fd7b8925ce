package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/sojourn-go/sojourn/protocol"
)

// A question that waits for a person does not hold up what comes after it.
func TestQuestionsDoNotHoldUpEvents(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		events := make(chan int, 10)
		person := make(chan string)
		s.dial(name, Options{Handlers: map[string]Handler{
			"x.ask":   Question(func(_ context.Context, in int) (string, error) { return fmt.Sprint(in, <-person), nil }),
			"x.event": Event(func(_ context.Context, in int) { events <- in }),
		}})
		s.down("q1.aaaaa,q7,x.ask|1", "e2.bbbbb,x.event|2", "e3.ccccc,x.event|3")
		if one, two := <-events, <-events; one != 2 || two != 3 {
			t.Errorf("events %d and %d, want 2 and 3", one, two)
		}
		person <- " yes"
		s.wantUp(`R1,q7|"1 yes"`)
	})
}

func TestFallbackHandlesWhatHasNoHandler(t *testing.T) {
	s := startScript(t)
	events := make(chan string, 10)
	handle := func(name string) Handler {
		return func(_ context.Context, p protocol.Payload) (any, error) {
			events <- name + string(p)
			return name, nil
		}
	}
	s.dial("ws", Options{
		Handlers: map[string]Handler{"x.known": handle("known")},
		Fallback: func(method string, asked bool) Handler {
			if method == "x.none" {
				return nil
			}
			return handle(fmt.Sprint(method, asked))
		},
	})
	s.down("e1.aaaaa,x.known|1", "e2.bbbbb,x.other|2", "e3.ccccc,x.none|3", "q4.ddddd,q7,x.ask|4")
	for _, want := range []string{"known|1", "x.otherfalse|2", "x.asktrue|4"} {
		if got := <-events; got != want {
			t.Errorf("handled %q, want %q", got, want)
		}
	}
	s.wantUp(`R1,q7|"x.asktrue"`).answer("a1,4")
	s.down("q5.eeeee,q8,x.none")
	s.wantUp(`X2,q8|{"code":"not_found","message":"no such method"}`)
}

func TestPayloadsThatDoNotFit(t *testing.T) {
	s := startScript(t)
	events := make(chan int, 10)
	s.dial("ws", Options{Handlers: map[string]Handler{
		"x.ask":   Question(func(_ context.Context, in int) (int, error) { return in, nil }),
		"x.bad":   Question(func(context.Context, int) (protocol.Payload, error) { return protocol.Payload("|{\n}"), nil }),
		"x.event": Event(func(_ context.Context, in int) { events <- in }),
	}})
	s.down(`q1.aaaaa,q7,x.ask|"one"`)
	s.wantUp(`X1,q7|{"code":"invalid","message":"the payload does not fit"}`)
	s.down(`q2.bbbbb,q8,x.bad|2`)
	if u := <-s.ups; !strings.HasPrefix(u.lines[0], `X2,q8|{"code":"internal",`) {
		t.Errorf("an answer that cannot be sent: %q", u.lines)
	}
	s.down(`e3.ccccc,x.event|"three"`, `e4.ddddd,x.event|4`)
	if got := <-events; got != 4 {
		t.Errorf("event %d", got)
	}
}

// pouring is a carrier by which lines come as long as they are taken.
func pouring(applied *atomic.Int32, lines []string) carrier {
	return func(s *session) error {
		_, attach := s.hello(false)
		err := s.receive(attach, [][]byte{[]byte("h" + plainHello)})
		for i := 0; err == nil && i < len(lines); i++ {
			if err = s.receive(attach, [][]byte{[]byte(lines[i])}); err == nil {
				applied.Add(1)
			}
		}
		return errors.Join(err, silent(s))
	}
}

func TestQuestionsAreBounded(t *testing.T) {
	var lines []string
	for i := range 10 {
		lines = append(lines, fmt.Sprintf("q%d.aaaaa,q%d,x.ask|%d", i+1, i, i))
	}
	lines = append(lines, "e11.aaaaa,x.event")
	var applied atomic.Int32
	var mu sync.Mutex
	running, most, event := 0, 0, false
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		c, err := newClient("http://unused", (&Options{Questions: 3, Handlers: map[string]Handler{
			"x.ask": func(context.Context, protocol.Payload) (any, error) {
				mu.Lock()
				running++
				most = max(most, running)
				mu.Unlock()
				<-gate
				mu.Lock()
				running--
				mu.Unlock()
				return nil, nil
			},
			"x.event": Event(func(context.Context, any) {
				mu.Lock()
				event = true
				mu.Unlock()
			}),
		}}).withDefaults())
		if err != nil {
			t.Fatal(err)
		}
		c.carriers = map[string]carrier{"ws": pouring(&applied, lines)}
		c.start()
		defer c.Abandon()
		synctest.Wait()
		mu.Lock()
		if running != 3 || !event {
			t.Errorf("%d questions are being handled, want 3; the event after them: %v", running, event)
		}
		mu.Unlock()
		close(gate)
		synctest.Wait()
		c.mu.Lock()
		if len(c.conv.queue) != 10 || most != 3 {
			t.Errorf("%d answers, want 10; at most %d at the same time, want 3", len(c.conv.queue), most)
		}
		c.mu.Unlock()
	})
}

// Answers that are not taken bound the questions that are.
func TestUnsentAnswersAreBounded(t *testing.T) {
	var lines []string
	for i := range 3 * maxCallbacks {
		lines = append(lines, fmt.Sprintf("q%d.aaaaa,q%d,x.ask", i+1, i))
	}
	var applied atomic.Int32
	yes := Question(func(context.Context, any) (bool, error) { return true, nil })
	bubble(t, Options{Handlers: map[string]Handler{"x.ask": yes}}, map[string]carrier{"ws": pouring(&applied, lines)}, func(t *testing.T, c *Client) {
		synctest.Wait()
		if n := applied.Load(); n > maxCallbacks+1 {
			t.Errorf("%d questions were taken, and no answer was", n)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if n := len(c.conv.queue); n == 0 || n > maxCallbacks {
			t.Errorf("%d answers wait", n)
		}
	})
}

// What waits for callbacks is bounded in bytes as well.
func TestWaitingBytesAreBounded(t *testing.T) {
	var lines []string
	for i := range 50 {
		lines = append(lines, fmt.Sprintf("e%d.aaaaa,x.event|%q", i+1, strings.Repeat("x", 1<<19)))
	}
	lines = append(lines, fmt.Sprintf("e51.aaaaa,x.event|%q", strings.Repeat("x", 20<<20))) // more than ever fits
	var applied atomic.Int32
	var handled atomic.Int32
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		c, err := newClient("http://unused", (&Options{Handlers: map[string]Handler{
			"x.event": func(context.Context, protocol.Payload) (any, error) {
				<-gate
				handled.Add(1)
				return nil, nil
			},
		}}).withDefaults())
		if err != nil {
			t.Fatal(err)
		}
		c.carriers = map[string]carrier{"ws": pouring(&applied, lines)}
		c.start()
		defer c.Abandon()
		synctest.Wait()
		if n := applied.Load(); n < 10 || n > maxCallbacks*slotBytes/(1<<19) {
			t.Errorf("%d events of half a MiB were taken", n)
		}
		close(gate)
		synctest.Wait()
		if n := handled.Load(); n != 51 {
			t.Errorf("%d of 51 events were handled", n)
		}
	})
}

// Close does not wait for a person.
func TestCloseEndsQuestions(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		begun, ended := make(chan struct{}), make(chan struct{})
		c := s.dial(name, Options{Handlers: map[string]Handler{
			"x.ask": func(ctx context.Context, _ protocol.Payload) (any, error) {
				close(begun)
				<-ctx.Done()
				close(ended)
				return nil, nil
			},
		}})
		s.down("q1.aaaaa,q7,x.ask")
		<-begun
		closed := make(chan error)
		go func() { closed <- c.Close(testContext(t)) }()
		s.wantUp("B1").answer("a1,1")
		if err := <-closed; err != nil {
			t.Error(err)
		}
		select {
		case <-ended:
		default:
			t.Error("Close returned before the handler")
		}
	})
}

// commitAll says of all messages that come until the test ends that they took effect.
func (s *script) commitAll() {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	s.t.Cleanup(func() {
		close(stop)
		wg.Wait()
	})
	wg.Go(func() {
		for {
			select {
			case u := <-s.ups:
				if n := len(u.lines); n > 0 {
					number, _, _ := strings.Cut(u.lines[n-1][1:], ",")
					u.answer("a" + number + ",1")
				}
			case <-stop:
				return
			}
		}
	})
}

func TestMaxQueue(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		c := s.dial(name, Options{MaxQueue: 3, Handlers: map[string]Handler{"x.ask": Question(func(context.Context, any) (int, error) { return 1, nil })}})
		sub := s.subscribe("room/1", "1.aaaaa", "4.ttttt", func() (*Subscription, error) {
			return c.Subscribe(testContext(t), "room/1", func(Entry) {})
		})
		s.unplug()
		var calls []*Pending
		for range 3 {
			calls = append(calls, c.Send("a.b", nil))
		}
		if err := c.Call(testContext(t), "a.b", nil, nil); CodeOf(err) != "full" {
			t.Errorf("a fourth call: %v", err)
		}
		if _, err := c.Subscribe(testContext(t), "room/2", func(Entry) {}); CodeOf(err) != "full" {
			t.Errorf("a subscription: %v", err)
		}
		left := make(chan error)
		go func() { left <- sub.Unsubscribe(testContext(t)) }()
		s.plug()
		s.commitAll()
		for _, p := range calls {
			if err := p.Wait(testContext(t), nil); err != nil {
				t.Error(err)
			}
		}
		if err := <-left; err != nil {
			t.Errorf("an end of a subscription is refused: %v", err)
		}
		p := c.Send("a.b", nil)
		if err := p.Wait(testContext(t), nil); err != nil {
			t.Errorf("a call when there is room again: %v", err)
		}
	})
}

// A caller that has given up leaves nothing behind.
func TestVolatileIsBounded(t *testing.T) {
	s := startScript(t)
	c := s.dial("ws", Options{MaxQueue: 2})
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan error)
	for range 2 {
		go func() { results <- c.Volatile(ctx, "a.typing", nil, nil) }()
	}
	for range 2 {
		<-s.ups
	}
	if err := c.Volatile(testContext(t), "a.typing", nil, nil); CodeOf(err) != "full" {
		t.Errorf("a third call: %v", err)
	}
	cancel()
	for range 2 {
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	go func() { results <- c.Volatile(testContext(t), "a.typing", nil, nil) }()
	s.wantUp("W3,a.typing").answer("v1|1", "v3|3")
	if err := <-results; err != nil {
		t.Error(err)
	}
}

func TestHandleRemoves(t *testing.T) {
	s := startScript(t)
	c := s.dial("ws", Options{Handlers: map[string]Handler{"x.ask": Question(func(context.Context, any) (int, error) { return 1, nil })}})
	c.Handle("x.ask", nil)
	s.down("q1.aaaaa,q7,x.ask")
	if u := <-s.ups; !slices.Equal(u.lines, []string{`X1,q7|{"code":"not_found","message":"no such method"}`}) {
		t.Errorf("%q", u.lines)
	}
}
