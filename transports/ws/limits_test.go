package ws_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/transporttest"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// sink is a switchboard, and its one link, that counts what comes up.
type sink struct {
	transports.Switchboard
	transports.Link
	pushed atomic.Int64
}

func (s *sink) Open(*http.Request, []byte, transports.Carrier) (transports.Link, error) {
	return s, nil
}
func (s *sink) Push(context.Context, []byte) error     { s.pushed.Add(1); return nil }
func (s *sink) Close()                                 {}
func (s *sink) Take(frames [][]byte) ([][]byte, error) { return frames, nil }

// opened returns a connection that said its hello, and what it is connected to.
func opened(t *testing.T, l transports.Limits) (*conn, *sink) {
	t.Helper()
	s := new(sink)
	c := upgraded(t, transporttest.Serve(t, s, ws.Transport{Limits: l}))
	if err := c.Send(hello); err != nil {
		t.Fatal(err)
	}
	return c, s
}

// wire is one frame of the WebSocket as a client sends it, masked with zeros.
func wire(first byte, payload string) []byte {
	b := []byte{first, 0x80 | byte(len(payload)), 0, 0, 0, 0}
	if len(payload) > 125 {
		b = []byte{first, 0x80 | 126, byte(len(payload) >> 8), byte(len(payload)), 0, 0, 0, 0}
	}
	return append(b, payload...)
}

// The first byte of a frame of the WebSocket (RFC 6455, section 5.2).
const (
	firstFragment = websocket.TextMessage
	nextFragment  = 0
	lastFragment  = 0x80
	ping          = 0x80 | websocket.PingMessage
	pong          = 0x80 | websocket.PongMessage
)

// Each limit lets through what it says, and no more.
func TestMessageLimits(t *testing.T) {
	l := transports.Limits{Frame: 50, Body: 120, Frames: 3}
	none := transports.Limits{Frame: -1, Body: -1, Frames: -1, Wait: -1, Write: -1, Rate: -1, Burst: -1}
	large := strings.Repeat(strings.Repeat("x", 60<<10-1)+"\n", 17)
	for name, c := range map[string]struct {
		limits  transports.Limits
		message string
		pushed  int64 // 0: too big
	}{
		"frames":             {l, "C1\nC2\nC3", 3},
		"a frame too many":   {l, "C1\nC2\nC3\nC4", 0},
		"empty lines count":  {l, "C1\n\n\nC2", 0},
		"frame":              {l, strings.Repeat("x", 50), 1},
		"frame, a byte more": {l, strings.Repeat("x", 51), 0},
		"body":               {l, strings.Repeat(strings.Repeat("x", 39)+"\n", 3), 3},
		"body, a byte more":  {l, "x" + strings.Repeat(strings.Repeat("x", 39)+"\n", 3), 0},

		"2,048 frames":              {transports.Limits{}, strings.Repeat("p\n", 2048), 2048},
		"2,049 frames":              {transports.Limits{}, strings.Repeat("p\n", 2049), 0},
		"half a million frames":     {transports.Limits{}, strings.Repeat("p\n", 1<<19), 0},
		"a million line breaks":     {transports.Limits{}, strings.Repeat("\n", 1<<20), 0},
		"a frame of 65 KiB":         {transports.Limits{}, strings.Repeat("x", 65<<10), 1},
		"a frame of a byte more":    {transports.Limits{}, strings.Repeat("x", 65<<10+1), 0},
		"1 MiB":                     {transports.Limits{}, large + strings.Repeat("x", 1<<20-len(large)), 18},
		"1 MiB and a byte":          {transports.Limits{}, large + strings.Repeat("x", 1<<20-len(large)+1), 0},
		"2,049 frames, no limit":    {none, strings.Repeat("p\n", 2049), 2049},
		"a frame of more, no limit": {none, strings.Repeat("x", 65<<10+1), 1},
		"1 MiB and more, no limit":  {none, large + large, 34},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, s := opened(t, c.limits)
			sent := make(chan error, 1)
			go func() { sent <- client.Send([]byte(c.message)) }() // it may be refused before all of it was sent
			if c.pushed == 0 {
				ends(t, client, protocol.CodeTooBig, 0)
				client.Close()
			}
			<-sent
			<-time.After(time.Second)
			synctest.Wait()
			if n := s.pushed.Load(); n != c.pushed {
				t.Errorf("%s: %d frames came up, want %d", name, n, c.pushed)
			}
		})
	}
}

// What comes faster than the rate is read later, and the client waits.
func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := opened(t, transports.Limits{Rate: 10, Burst: 6}) // the hello's message takes one
		var sent atomic.Int64
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 25 {
				if err := c.Send([]byte("C1,a.b|" + strings.Repeat("1", 4<<10))); err != nil { // more than the server's buffer
					t.Error(err)
				}
				sent.Add(1)
			}
		}()
		for _, want := range []int64{5, 15, 25} {
			synctest.Wait()
			if n := s.pushed.Load(); n != want {
				t.Errorf("%d frames came up, want %d", n, want)
			}
			if n := sent.Load(); n > want+1 {
				t.Errorf("%d frames were taken from the client, want no more than %d", n, want+1)
			}
			<-time.After(time.Second)
		}
		<-done
	})
}

// The WebSocket's own pings and pongs count as frames, and so do messages that have none.
func TestControlFramesArePaced(t *testing.T) {
	for name, c := range map[string]struct {
		first   byte
		payload string
	}{
		"ping":          {ping, strings.Repeat("x", 125)},
		"empty ping":    {ping, ""},
		"pong":          {pong, strings.Repeat("x", 125)},
		"empty message": {0x81, ""},
		"empty lines":   {0x81, "\r\n\n"},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, _ := opened(t, transports.Limits{Rate: 10, Burst: 6})
			var pongs, sent atomic.Int64
			client.SetPongHandler(func(string) error { pongs.Add(1); return nil })
			read := make(chan struct{})
			go func() { defer close(read); _, _ = client.Receive() }()
			flood := make(chan struct{})
			frame := wire(c.first, c.payload)
			go func() {
				defer close(flood)
				for range 1000 {
					if _, err := client.NetConn().Write(frame); err != nil {
						return
					}
					sent.Add(1)
				}
			}()
			buffered := int64(1<<10/len(frame) + 1)
			for _, want := range []int64{5, 15, 25} {
				synctest.Wait()
				if n := sent.Load(); n < want || n > want+buffered {
					t.Errorf("%s: %d were taken, want %d and some in a buffer", name, n, want)
				}
				if n := pongs.Load(); c.first == ping && n != want {
					t.Errorf("%s: %d were answered, want %d", name, n, want)
				}
				<-time.After(time.Second)
			}
			client.Close()
			<-read
			<-flood
		})
	}
}

// A message that has begun has its time, however it is cut.
func TestMessageInTime(t *testing.T) {
	for _, c := range []struct {
		limits transports.Limits
		last   time.Duration // when its end comes
		ok     bool
	}{
		{transports.Limits{}, 30*time.Second - 1, true},
		{transports.Limits{}, 30*time.Second + 1, false},
		{transports.Limits{Wait: 7 * time.Second}, 7*time.Second - 1, true},
		{transports.Limits{Wait: 7 * time.Second}, 7*time.Second + 1, false},
		{transports.Limits{Wait: -1}, time.Minute, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, s := opened(t, c.limits)
			end := make(chan error, 1)
			go func() { end <- ending(client) }()
			conn := client.NetConn()
			_, _ = conn.Write(wire(firstFragment, "C1,a."))
			start := time.Now()
			for time.Since(start)+time.Second < c.last {
				<-time.After(time.Second)
				_, _ = conn.Write(wire(nextFragment, ""))
			}
			<-time.After(c.last - time.Since(start))
			_, _ = conn.Write(wire(lastFragment, "b"))
			synctest.Wait()
			if n := s.pushed.Load(); (n == 1) != c.ok {
				t.Errorf("a message that took %v: %d frames came up", c.last, n)
			}
			client.Close()
			if code := codeOf(<-end); (code == protocol.CodeSilent) != !c.ok {
				t.Errorf("a message that took %v ended with %v", c.last, code)
			}
		})
	}
}

// Fragments do not add up to more than a message may be.
func TestMessageOfManyFragments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, s := opened(t, transports.Limits{})
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			_, err := client.NetConn().Write(wire(firstFragment, ""))
			for err == nil { // until the server hangs up
				_, err = client.NetConn().Write(wire(nextFragment, strings.Repeat("x", 32<<10)))
			}
		}()
		ends(t, client, protocol.CodeTooBig, 0)
		client.Close()
		<-sent
		if n := s.pushed.Load(); n != 0 {
			t.Errorf("%d frames came up", n)
		}
	})
}

// A hello has its time to arrive, however slowly it comes.
func TestHelloInTime(t *testing.T) {
	for _, c := range []struct {
		t    ws.Transport
		last time.Duration
		ok   bool
	}{
		{ws.Transport{}, 5*time.Second - 1, true},
		{ws.Transport{}, 5*time.Second + 1, false},
		{ws.Transport{HelloTimeout: time.Second}, time.Second - 1, true},
		{ws.Transport{HelloTimeout: time.Second}, time.Second + 1, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			client := upgraded(t, transporttest.Serve(t, transports.NewLocal(echo), c.t))
			start := time.Now()
			answer := make(chan error, 1)
			go func() { _, err := client.Receive(); answer <- err }()
			for i := range hello {
				kind := byte(nextFragment)
				switch i {
				case 0:
					kind = firstFragment
				case len(hello) - 1:
					kind = lastFragment
					<-time.After(c.last - time.Since(start))
				}
				_, _ = client.NetConn().Write(wire(kind, string(hello[i:i+1])))
				<-time.After(c.last / 100)
			}
			err := <-answer
			if (err == nil) != c.ok || !c.ok && codeOf(err) != protocol.CodeSilent {
				t.Errorf("a hello that took %v was answered %v", c.last, err)
			}
		})
	}
}

func ending(c *conn) error {
	for {
		if _, err := c.Receive(); err != nil {
			return err
		}
	}
}

func codeOf(err error) protocol.Code {
	end, _ := errors.AsType[*protocol.Close](err)
	if end == nil {
		return 0
	}
	return end.Code
}
