package client

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// try has a client try a transport, as it does by itself when it is told to move or a better one may work.
func (c *Client) try(name string) error {
	c.mu.Lock()
	s := c.session
	c.mu.Unlock()
	if s == nil {
		return errors.New("no session")
	}
	return s.try(name)
}

// fromEachToEach runs a test for each pair of transports.
func fromEachToEach(t *testing.T, test func(t *testing.T, from, to string)) {
	for _, from := range allTransports {
		for _, to := range allTransports {
			t.Run(from+" to "+to, func(t *testing.T) { test(t, from, to) })
		}
	}
}

// callbacksOf abandons a client, when what it has been told has reached its callbacks.
func (s *script) callbacksOf(c *Client) {
	after := make(chan struct{})
	c.Handle("test.after", func(context.Context, protocol.Payload) (any, error) { close(after); return nil, nil })
	s.down("e,test.after")
	<-after
	c.Abandon()
}

func TestTakeOver(t *testing.T) {
	fromEachToEach(t, func(t *testing.T, from, to string) {
		s := startScript(t)
		var statuses []Status
		var names []string
		c := s.dial(from, Options{
			OnStatus:    func(status Status) { statuses = append(statuses, status) },
			OnTransport: func(name string) { names = append(names, name) },
		})
		c.mu.Lock()
		c.names = allTransports
		c.mu.Unlock()
		first := c.Send("a.first", nil)
		s.wantUp("C1,a.first")
		if err := c.try(to); err != nil {
			t.Fatal(err)
		}
		if h := s.wantHello(); h.Tries != 0 || h.Attach < 2 {
			t.Errorf("hello of the new connection: %+v", h)
		}
		second := c.Send("a.second", nil)
		s.commit(0, "C1,a.first", "C2,a.second")
		for _, p := range []*Pending{first, second} {
			if err := p.Wait(testContext(t), nil); err != nil {
				t.Error(err)
			}
		}
		if got := c.Transport(); got != to {
			t.Errorf("transport %q, want %q", got, to)
		}
		s.callbacksOf(c)
		if want := slices.Compact([]string{from, to}); !slices.Equal(names, want) {
			t.Errorf("OnTransport was told %q, want %q", names, want)
		}
		if !slices.Equal(statuses, []Status{StatusOpen}) {
			t.Errorf("statuses %v: the program should not notice", statuses)
		}
	})
}

// A trial that is refused costs nothing.
func TestTrialIsRefused(t *testing.T) {
	fromEachToEach(t, func(t *testing.T, from, to string) {
		s := startScript(t)
		var statuses []Status
		c := s.dial(from, Options{OnStatus: func(status Status) { statuses = append(statuses, status) }})
		if from == "longpoll" {
			<-s.polls // one is held: the next comes when the trial is over
		}
		s.set(func() { s.refusal = &protocol.Close{Code: protocol.CodeDenied} })
		if err := c.try(to); err == nil {
			t.Error("a trial that was refused has taken over")
		}
		s.set(func() { s.refusal = nil })
		s.wantHello()
		p := c.Send("a.b", nil)
		s.wantUp("C1,a.b").answer("a1,0")
		if err := p.Wait(testContext(t), nil); err != nil || c.Transport() != from {
			t.Errorf("a call by %q afterwards: %v", c.Transport(), err)
		}
		s.callbacksOf(c)
		if !slices.Equal(statuses, []Status{StatusOpen}) {
			t.Errorf("statuses %v: the program should not notice", statuses)
		}
	})
}

// An instance that hears a trial's hello ends the connection before. If the hello's answer does not come, that end is not the conversation's.
func TestTrialIsNotAnswered(t *testing.T) {
	fromEachToEach(t, func(t *testing.T, from, to string) {
		s := startScript(t)
		c := s.dial(from, Options{HelloTime: 100 * time.Millisecond})
		p := c.Send("a.b", nil)
		up := s.wantUp("C1,a.b")
		s.set(func() { s.mute = true })
		if err := c.try(to); err == nil {
			t.Error("a trial without an answer has taken over")
		}
		s.set(func() { s.mute = false })
		s.cut()
		if up.reply != nil {
			s.wantUp("C1,a.b").answer("a1,0")
		} else {
			for { // over one of the connections made since
				select {
				case up = <-s.ups:
					up.answer("a1,0")
					continue
				case <-p.Done():
				case <-testContext(t).Done():
				}
				break
			}
		}
		if err := p.Wait(testContext(t), nil); err != nil {
			t.Error(err)
		}
	})
}

// Connections are replaced again and again while messages are on their way, and now and then cut.
func TestLocalTrials(t *testing.T) {
	for _, cuts := range []bool{false, true} {
		t.Run(map[bool]string{false: "whole", true: "cut"}[cuts], func(t *testing.T) {
			l, url := serveLedger(t)
			var net network
			c := dial(t, url, Options{Handlers: l.handlers(), DialContext: net.dialContext})
			var wg sync.WaitGroup
			done := make(chan struct{})
			taken := 0
			wg.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-done:
						return
					default:
					}
					if c.try(allTransports[i%3]) == nil {
						taken++
					}
					if cuts && i%4 == 3 {
						net.cut()
					}
				}
			})
			var calls []*Pending
			for i := range 500 {
				calls = append(calls, c.Send("test.note", i))
				if i%5 == 0 {
					if err := calls[i].Wait(testContext(t), nil); err != nil {
						t.Fatal(err)
					}
				}
			}
			close(done)
			wg.Wait()
			l.check(t, c, calls)
			if taken == 0 {
				t.Error("no trial took over")
			}
		})
	}
}

// Better transports are tried a minute after the conversation fell back, and then every ten.
func TestClimb(t *testing.T) {
	var begun time.Time
	works := map[string]time.Duration{"ws": 15 * time.Minute, "sse": 5 * time.Minute}
	var tried []string
	by := func(name string) carrier {
		return func(s *session) error {
			if begun.IsZero() {
				begun = time.Now()
			}
			tried = append(tried, name+" "+time.Since(begun).Truncate(time.Minute).String())
			if time.Since(begun) >= works[name] {
				return answering(plainHello)(s)
			}
			return errBroken
		}
	}
	var statuses []Status
	var names []string
	o := Options{
		OnStatus:    func(status Status) { statuses = append(statuses, status) },
		OnTransport: func(name string) { names = append(names, name) },
	}
	bubble(t, o, map[string]carrier{"ws": by("ws"), "sse": by("sse"), "longpoll": by("longpoll")}, func(t *testing.T, c *Client) {
		time.Sleep(25 * time.Minute)
		synctest.Wait()
		want := []string{"ws 0s", "sse 0s", "longpoll 0s", "ws 1m0s", "sse 1m0s", "ws 11m0s", "sse 11m0s", "ws 21m0s"}
		if !slices.Equal(tried, want) {
			t.Errorf("tried %q, want %q", tried, want)
		}
		if want := []string{"longpoll", "sse", "ws"}; !slices.Equal(names, want) || c.Transport() != "ws" {
			t.Errorf("transports %q, want %q", names, want)
		}
		if !slices.Equal(statuses, []Status{StatusOpen}) {
			t.Errorf("statuses %v: the program should not notice", statuses)
		}
		time.Sleep(time.Hour)
		if len(tried) != len(want) {
			t.Errorf("with the best transport, %q were tried", tried[len(want):])
		}
	})
}

// What the program asks for is the best.
func TestUseIsNotClimbedFrom(t *testing.T) {
	tried := 0
	by := func(s *session) error {
		tried++
		return answering(plainHello)(s)
	}
	bubble(t, Options{}, map[string]carrier{"ws": by, "sse": by, "longpoll": by}, func(t *testing.T, c *Client) {
		synctest.Wait()
		if err := c.Use("longpoll"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if c.Transport() != "longpoll" || tried != 2 {
			t.Errorf("after an hour: %q, %d connections", c.Transport(), tried)
		}
	})
}
