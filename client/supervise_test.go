package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// bubble runs a test of a client whose carriers are the test's own, with a clock of its own.
func bubble(t *testing.T, o Options, carriers map[string]carrier, test func(t *testing.T, c *Client)) {
	synctest.Test(t, func(t *testing.T) {
		c, err := newClient("http://unused", o.withDefaults())
		if err != nil {
			t.Fatal(err)
		}
		c.carriers = carriers
		c.start()
		defer c.Abandon()
		test(t, c)
	})
}

// silent is a carrier over which nothing comes.
func silent(s *session) error {
	s.hello(false)
	<-s.ctx.Done()
	return context.Cause(s.ctx)
}

// answering is a carrier whose hello is answered, and after that lines come.
func answering(hello string, lines ...string) carrier {
	return func(s *session) error {
		_, attach := s.hello(false)
		for _, line := range append([]string{"h" + hello}, lines...) {
			if err := s.receive(attach, [][]byte{[]byte(line)}); err != nil {
				return err
			}
		}
		<-s.ctx.Done()
		return context.Cause(s.ctx)
	}
}

// failing is a carrier that ends with an error, and counts when.
func failing(err error, times *[]time.Duration) carrier {
	begun := time.Now()
	return func(*session) error {
		*times = append(*times, time.Since(begun))
		return err
	}
}

const plainHello = `{"in":0,"at":0,"hb":0,"ttl":120}`

var errBroken = errors.New("broken")

func TestFallsBackWhenNoHelloComes(t *testing.T) {
	bubble(t, Options{}, map[string]carrier{"ws": silent, "sse": silent, "longpoll": answering(plainHello)}, func(t *testing.T, c *Client) {
		begun := time.Now()
		<-c.first
		if got := time.Since(begun); got != 6*time.Second || c.Transport() != "longpoll" {
			t.Errorf("connected by %q after %v, want longpoll after 6 s", c.Transport(), got)
		}
	})
}

// A cold start may take longer than the first hello is waited for.
func TestHelloTimeGrows(t *testing.T) {
	slow := func(s *session) error {
		_, attach := s.hello(false)
		select {
		case <-time.After(8 * time.Second):
			return errors.Join(s.receive(attach, [][]byte{[]byte("h" + plainHello)}), silent(s))
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		}
	}
	bubble(t, Options{Transports: []string{"ws"}}, map[string]carrier{"ws": slow}, func(t *testing.T, c *Client) {
		select {
		case <-c.first:
		case <-time.After(5 * time.Minute):
			t.Error("no connection")
		}
	})
}

// What worked is not left for a transport that is worse because instances are being replaced.
func TestKeepsTheTransportThatWorked(t *testing.T) {
	var names []string
	ok := true
	note := func(name string) carrier {
		return func(s *session) error {
			names = append(names, name)
			if ok {
				return answering(plainHello)(s)
			}
			return errBroken
		}
	}
	bubble(t, Options{}, map[string]carrier{"ws": note("ws"), "sse": note("sse"), "longpoll": note("longpoll")}, func(t *testing.T, c *Client) {
		synctest.Wait()
		c.mu.Lock()
		ok = false
		c.session.cancel(errBroken)
		c.mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()
		if want := []string{"ws", "ws", "ws", "ws", "sse", "longpoll", "ws"}; !slices.Equal(names[:7], want) {
			t.Errorf("transports %v, want %v", names[:7], want)
		}
	})
}

func TestUnreachableIsNotTheTransportsFault(t *testing.T) {
	var times []time.Duration
	err := fmt.Errorf("wrapped: %w", &net.OpError{Op: "dial", Err: errBroken})
	other := func(*session) error {
		t.Error("another transport was tried")
		return errBroken
	}
	bubble(t, Options{}, map[string]carrier{"ws": failing(err, &times), "sse": other, "longpoll": other}, func(t *testing.T, c *Client) {
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(times) < 5 {
			t.Errorf("only %d attempts in a minute", len(times))
		}
	})
}

func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var times []time.Duration
		o := Options{Transports: []string{"ws"}, Reconnect: Reconnect{Min: time.Second, Max: 5 * time.Second, Attempts: 20}}
		c, err := newClient("http://unused", o.withDefaults())
		if err != nil {
			t.Fatal(err)
		}
		c.carriers = map[string]carrier{"ws": failing(errBroken, &times)}
		c.start()
		<-c.Done()
		if err := c.Err(); !errors.Is(err, errBroken) {
			t.Errorf("the client ended with %v", err)
		}
		if len(times) != 21 {
			t.Errorf("%d attempts, want the first and 20 more", len(times))
		}
		var longest time.Duration
		for i := 1; i < len(times); i++ {
			wait := times[i] - times[i-1]
			longest = max(longest, wait)
			if limit := min(5*time.Second, time.Second<<i); wait > limit {
				t.Errorf("waited %v before attempt %d, more than %v", wait, i+1, limit)
			}
		}
		if longest < time.Second { // by chance once in 5^18 runs
			t.Errorf("never waited longer than %v: it does not back off", longest)
		}
		c.Abandon()
	})
}

func TestRetryAfter(t *testing.T) {
	var times []time.Duration
	err := &retryError{7 * time.Second, &protocol.Close{Code: protocol.CodeUnavailable}}
	bubble(t, Options{}, map[string]carrier{"ws": failing(err, &times)}, func(t *testing.T, c *Client) {
		time.Sleep(time.Minute)
		synctest.Wait()
		for i := 1; i < len(times); i++ {
			if wait := times[i] - times[i-1]; wait < 7*time.Second {
				t.Errorf("waited %v, less than the instance asked for", wait)
			}
		}
		if len(times) < 3 {
			t.Errorf("only %d attempts", len(times))
		}
	})
}

// A connection is dead when nothing comes for twice the heartbeat, and not before.
func TestSilence(t *testing.T) {
	var opened []time.Duration
	bubbleStart := time.Time{}
	beating := func(s *session) error {
		opened = append(opened, time.Since(bubbleStart))
		_, attach := s.hello(false)
		if err := s.receive(attach, [][]byte{[]byte(`h{"in":0,"at":0,"hb":10,"ttl":120}`)}); err != nil {
			return err
		}
		for range 3 {
			time.Sleep(19 * time.Second)
			if err := s.receive(attach, [][]byte{[]byte("p")}); err != nil {
				return err
			}
		}
		<-s.ctx.Done()
		return context.Cause(s.ctx)
	}
	synctest.Test(t, func(t *testing.T) {
		bubbleStart = time.Now()
		c, err := newClient("http://unused", (&Options{Transports: []string{"ws"}}).withDefaults())
		if err != nil {
			t.Fatal(err)
		}
		c.carriers = map[string]carrier{"ws": beating}
		c.start()
		time.Sleep(3*19*time.Second + 21*time.Second)
		synctest.Wait()
		c.Abandon()
		if len(opened) != 2 || opened[1] < 3*19*time.Second+20*time.Second {
			t.Errorf("connections at %v, want a second one 20 s after the last sign of life", opened)
		}
	})
}

// An acknowledgement that no occasion came for leaves by itself.
func TestAckAfterSomeTime(t *testing.T) {
	var sent string
	var at time.Duration
	acking := func(s *session) error {
		begun := time.Now()
		s.wg.Go(func() {
			text, err := s.next(s.c.conv.takeWS)
			if err == nil {
				sent, at = string(text), time.Since(begun)
			}
		})
		return answering(plainHello, "e1.aaaaa,x.y")(s)
	}
	bubble(t, Options{}, map[string]carrier{"ws": acking}, func(t *testing.T, c *Client) {
		time.Sleep(ackAfter + time.Second)
		synctest.Wait()
		if sent != "A1.aaaaa\n" || at != ackAfter {
			t.Errorf("sent %q after %v", sent, at)
		}
	})
}

func TestMoveIsSpread(t *testing.T) {
	var opened []time.Duration
	begun := time.Time{}
	moving := func(s *session) error {
		opened = append(opened, time.Since(begun))
		if len(opened) > 1 {
			return answering(plainHello)(s)
		}
		return answering(plainHello, "m4000")(s)
	}
	synctest.Test(t, func(t *testing.T) {
		begun = time.Now()
		c, err := newClient("http://unused", (&Options{Transports: []string{"ws"}, Reconnect: Reconnect{Min: time.Nanosecond}}).withDefaults())
		if err != nil {
			t.Fatal(err)
		}
		c.carriers = map[string]carrier{"ws": moving}
		c.start()
		time.Sleep(4 * time.Second)
		synctest.Wait()
		c.Abandon()
		if len(opened) != 2 || opened[1] > 2*time.Second+time.Millisecond {
			t.Errorf("connections at %v, want a second within half of the 4 s", opened)
		}
	})
}

// Instances that move or end their clients at once are not asked in a tight loop.
func TestNoTightLoops(t *testing.T) {
	for _, line := range []string{"m0", "z4000,,", "z4004,0,", "z4008,0,", "z4013,,"} {
		t.Run(line, func(t *testing.T) {
			n := 0
			counting := func(s *session) error {
				n++
				return answering(plainHello, line)(s)
			}
			bubble(t, Options{Transports: []string{"ws"}}, map[string]carrier{"ws": counting}, func(t *testing.T, c *Client) {
				time.Sleep(time.Minute)
				synctest.Wait()
				if n < 10 || n > 1500 { // 480 are expected: an average of 125 ms
					t.Errorf("%d connections in a minute", n)
				}
			})
		})
	}
}

// A program that does not keep up holds up its connection, and nothing is lost.
func TestSlowCallbacks(t *testing.T) {
	const events = 3 * maxCallbacks
	var lines []string
	for i := range events {
		lines = append(lines, fmt.Sprintf("e%d.aaaaa,x.y|%d", i+1, i))
	}
	applied := 0
	pouring := func(s *session) error {
		_, attach := s.hello(false)
		err := s.receive(attach, [][]byte{[]byte("h" + plainHello)})
		for ; err == nil && applied < len(lines); applied++ {
			err = s.receive(attach, [][]byte{[]byte(lines[applied])})
		}
		return errors.Join(err, silent(s))
	}
	var got []string
	gate := make(chan struct{})
	handlers := map[string]Handler{"x.y": func(_ context.Context, p protocol.Payload) (any, error) {
		<-gate
		got = append(got, string(p))
		return nil, nil
	}}
	synctest.Test(t, func(t *testing.T) {
		gate = make(chan struct{})
		c, err := newClient("http://unused", (&Options{Handlers: handlers}).withDefaults())
		if err != nil {
			t.Fatal(err)
		}
		c.carriers = map[string]carrier{"ws": pouring}
		c.start()
		defer c.Abandon()
		synctest.Wait()
		if applied > maxCallbacks+1 {
			t.Errorf("%d frames were taken, though none was handled", applied)
		}
		close(gate)
		synctest.Wait()
		for i, p := range got {
			if p != fmt.Sprintf("|%d", i) {
				t.Fatalf("event %d is %s", i, p)
			}
		}
		if len(got) != events {
			t.Errorf("%d events came, want %d", len(got), events)
		}
	})
}
