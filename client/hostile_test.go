package client

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// wantAlive checks that a call still is answered, and that an event comes, once.
func (s *script) wantAlive(c *Client, events <-chan string, what string) {
	s.t.Helper()
	p := c.Send("a.b", nil)
	var n string
	for n == "" {
		select {
		case u := <-s.ups:
			if len(u.lines) == 0 {
				u.answer()
				continue
			}
			n, _, _ = strings.Cut(u.lines[0][1:], ",")
			u.answer("a"+n+",0", "e,x.event|"+n)
			if u.reply != nil {
				s.down("e,x.event|" + n)
			}
		case <-testContext(s.t).Done():
			s.t.Fatalf("after %.40q the client says nothing", what)
		}
	}
	if err := p.Wait(testContext(s.t), nil); err != nil {
		s.t.Errorf("a call after %.40q: %v", what, err)
	}
	if got := <-events; got != "|"+n {
		s.t.Errorf("event %s after %.40q", got, what)
	}
}

// What an instance should never say is passed over, or ends its connection; the conversation goes on.
func TestNonsense(t *testing.T) {
	long := `e1.aaaaa,x.event|"` + strings.Repeat("x", maxBody+1) + `"`
	for _, test := range []struct {
		line string
		ends bool // the connection
	}{
		{"r9007199254740990.aaaaa,0|1", false}, // nothing comes after that offset, but volatile events
		{"r1.aaaaa,99|1", false},
		{"x1.aaaaa,99|null", false},
		{"v99|1", false},
		{"y99", false},
		{"u1.aaaaa,99", false},
		{"s1.aaaaa,room/unknown,3a,0.", false},
		{"t99,1.aaaaa|1", false},
		{"n99,1.aaaaa|{}", false},
		{"l99,1.aaaaa,expired", false},
		{"p9,9|9", false},
		{"zz", true},
		{"a1", true},
		{"g99", true},
		{"m", true},
		{"m9007199254740992", true},
		{"k-1", true},
		{"e1.toolongatag,x.event", true},
		{"t99,x|1", true},
		{"\x01", true},
		{"e1.aaaaa,x.event|\xff", true},
		{"z4099,,of tomorrow", true},
		{"z1,,", true},
		{"z99999,,", true},
		{long, true},
	} {
		eachTransport(t, func(t *testing.T, name string) {
			s := startScript(t)
			events := make(chan string, 10)
			c := s.dial(name, Options{Handlers: map[string]Handler{"x.event": func(_ context.Context, p protocol.Payload) (any, error) {
				events <- string(p)
				return nil, nil
			}}})
			s.down(test.line)
			if test.ends {
				s.wantHello()
			}
			s.wantAlive(c, events, test.line)
		})
	}
}

func TestHellosWithHugeNumbers(t *testing.T) {
	for _, hello := range []protocol.HelloDown{
		{Heartbeat: math.MaxInt64, TTL: math.MaxInt64},
		{Heartbeat: math.MinInt64, TTL: -1},
		{In: math.MaxUint64},
	} {
		eachTransport(t, func(t *testing.T, name string) {
			s := startScript(t)
			s.welcome = hello
			events := make(chan string, 10)
			c := s.dial(name, Options{Handlers: map[string]Handler{"x.event": func(_ context.Context, p protocol.Payload) (any, error) {
				events <- string(p)
				return nil, nil
			}}})
			s.wantAlive(c, events, fmt.Sprint(hello))
			if len(s.hellos) > 0 {
				t.Errorf("%+v: it connected again", hello)
			}
		})
	}
}

// An instance that cannot serve, or talks nonsense, is not asked again and again though it answers hellos.
func TestBurdenedInstancesAreLeftInPeace(t *testing.T) {
	for _, line := range []string{"z4006,,", "z4015,,", "z4099,,", "zz", "a1"} {
		t.Run(line, func(t *testing.T) {
			var n atomic.Int32
			counting := func(s *session) error {
				n.Add(1)
				return answering(plainHello, line)(s)
			}
			bubble(t, Options{Transports: []string{"ws"}}, map[string]carrier{"ws": counting}, func(t *testing.T, c *Client) {
				time.Sleep(10 * time.Minute)
				synctest.Wait()
				if got := n.Load(); got < 30 || got > 300 { // about 120 are expected: 5 s in the mean
					t.Errorf("%d connections in ten minutes", got)
				}
			})
		})
	}
}

// However often it is told to move, a client has one connection on trial at a time.
func TestFloodOfMoves(t *testing.T) {
	var now, most atomic.Int32
	moving := func(s *session) error {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		if s.from != nil {
			return silent(s)
		}
		lines := make([]string, 1000)
		for i := range lines {
			lines[i] = []string{"m0", "k0"}[i%2]
		}
		s.duplex = true
		return answering(plainHello, lines...)(s)
	}
	bubble(t, Options{Transports: []string{"ws"}}, map[string]carrier{"ws": moving}, func(t *testing.T, c *Client) {
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := most.Load(); got != 2 {
			t.Errorf("%d connections at the same time, want 2", got)
		}
	})
}

// A patch may be nested as deep as JSON may.
func TestDeepPatches(t *testing.T) {
	const depth = 9000
	deep := strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)
	got, err := mergePatch(json.RawMessage(`{"b":2}`), json.RawMessage(deep))
	if want := deep[:len(deep)-1] + `,"b":2}`; err != nil || string(got) != want {
		t.Errorf("%.20s and so on, %v", got, err)
	}
	tooDeep := strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000)
	if _, err := mergePatch(nil, json.RawMessage(tooDeep)); err == nil {
		t.Error("a patch that no parser takes is taken")
	}
}
