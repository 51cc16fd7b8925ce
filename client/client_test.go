package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/protocol"
)

func TestCallAnsweredThroughTheStream(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		c := s.dial(name, Options{})
		p := c.Send("chat.enter", map[string]string{"room": "lobby"})
		s.wantUp(`C1,chat.enter|{"room":"lobby"}`).answer("a1,1")
		s.down(`r1.aaaaa,1|{"n":7}`)
		var out struct{ N int }
		if err := p.Wait(testContext(t), &out); err != nil || out.N != 7 {
			t.Errorf("answer %+v, %v", out, err)
		}
		p = c.Send("chat.enter", nil)
		s.wantUp("C2,chat.enter").answer("a2,2")
		s.down(`x2.bbbbb,2|{"code":"denied","message":"no"}`)
		var e *Error
		if err := p.Wait(testContext(t), nil); !errors.As(err, &e) || *e != (Error{"denied", "no"}) {
			t.Errorf("error %v", err)
		}
		p = c.Send("chat.enter", []byte{0, 255})
		s.wantUp("C3,chat.enter*AP8=").answer("a3,2")
		if err := p.Wait(testContext(t), nil); err != nil {
			t.Errorf("an event: %v", err)
		}
	})
}

// The connection breaks with a call in flight, and the answer that was sent is lost with it.
func TestResumeAfterCut(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		events := make(chan string, 10)
		var statuses []Status
		c := s.dial(name, Options{
			Handlers: map[string]Handler{"x.y": func(_ context.Context, p protocol.Payload) (any, error) {
				events <- string(p)
				return nil, nil
			}},
			OnStatus: func(status Status) { statuses = append(statuses, status) },
		})
		s.down("e1.aaaaa,x.y|1")
		if got := <-events; got != "|1" {
			t.Errorf("event %s", got)
		}
		first := c.Send("a.first", nil)
		s.wantUp("C1,a.first")
		s.unplug()
		second := c.Send("a.second", nil)
		s.plug()
		h := s.wantHello()
		if h.Cursor == nil || h.Cursor.String() != "1.aaaaa" || h.Tries != 1 || h.Attach < 2 {
			t.Errorf("hello of the new connection: %+v", h)
		}
		s.commit(3, "C1,a.first", "C2,a.second")
		s.down("e1.aaaaa,x.y|1", "r2.bbbbb,1|1", "r3.ccccc,2|2", "e4.ddddd,x.y|2")
		for i, p := range []*Pending{first, second} {
			var out int
			if err := p.Wait(testContext(t), &out); err != nil || out != i+1 {
				t.Errorf("call %d: %d, %v", i+1, out, err)
			}
		}
		if got := <-events; got != "|2" {
			t.Errorf("the second event is %s: a repeat?", got)
		}
		c.Abandon()
		want := []Status{StatusOpen, StatusReconnecting, StatusReconnected}
		if fmt.Sprint(statuses) != fmt.Sprint(want) {
			t.Errorf("statuses %v, want %v", statuses, want)
		}
	})
}

func TestGapIsFilled(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		c := s.dial(name, Options{})
		first := c.Send("a.first", nil)
		up := s.wantUp("C1,a.first")
		c.Send("a.second", nil)
		if up.reply == nil {
			s.wantUp("C2,a.second")
		}
		up.answer("g1")
		up = s.wantUp("C1,a.first", "C2,a.second")
		up.answer("a2,0")
		if err := first.Wait(testContext(t), nil); err != nil {
			t.Error(err)
		}
	})
}

func TestAnewWhenGone(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		lost := make(chan string, 10)
		entries := make(chan string, 10)
		c := s.dial(name, Options{OnLost: func(stream, why string) { lost <- stream + " " + why }})
		id := c.ID()
		subscribed := make(chan error)
		go func() {
			_, err := c.Subscribe(testContext(t), "room/1", func(e Entry) { entries <- string(e.Payload) + e.Lost })
			subscribed <- err
		}()
		s.wantUp("S1,room/1").answer("a1,1")
		s.down("s1.aaaaa,room/1,3a,4.ttttt", "t3a,5.uuuuu|5")
		if err := <-subscribed; err != nil {
			t.Fatal(err)
		}
		done := c.Send("a.done", nil)
		s.wantUp("C2,a.done").answer("a2,9") // its answer does not come
		never := c.Send("a.never", nil)
		s.wantUp("C3,a.never")
		s.close(protocol.CodeGone, 2)
		h := s.wantHello()
		if h.Attach != 1 || h.Cursor != nil || c.ID() == id {
			t.Errorf("hello of the new socket: %+v", h)
		}
		if err := done.Wait(testContext(t), nil); CodeOf(err) != "gone" {
			t.Errorf("a call whose answer is gone: %v", err)
		}
		s.wantUp("S1,room/1", "C2,a.never").answer("a2,1")
		s.down("s1.aaaaa,room/1,3b,7.vvvvv", "t3b,8.wwwww|8")
		if err := never.Wait(testContext(t), nil); err != nil {
			t.Errorf("a call that had not taken effect: %v", err)
		}
		for _, want := range []string{"|5", "gone", "|8"} {
			if got := <-entries; got != want {
				t.Errorf("entry %q, want %q", got, want)
			}
		}
		for _, want := range []string{" gone", "room/1 gone"} {
			if got := <-lost; got != want {
				t.Errorf("lost %q, want %q", got, want)
			}
		}
	})
}

func TestSwitchInMidConversation(t *testing.T) {
	s := startScript(t)
	c := s.dial("ws", Options{})
	p := c.Send("a.first", nil)
	s.wantUp("C1,a.first")
	for _, name := range []string{"sse", "longpoll", "ws"} {
		if err := c.Use(name); err != nil {
			t.Fatal(err)
		}
		if h := s.wantHello(); h.Tries != 0 {
			t.Errorf("changing to %s counts as a try", name)
		}
		s.wantUp("C1,a.first")
	}
	s.down("a1,0")
	if err := p.Wait(testContext(t), nil); err != nil {
		t.Error(err)
	}
	if c.Transport() != "ws" {
		t.Errorf("transport is %q", c.Transport())
	}
	if err := c.Use("pigeon"); err == nil {
		t.Error("an unknown transport is accepted")
	}
}

func TestMove(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		c := s.dial(name, Options{})
		p := c.Send("a.first", nil)
		s.wantUp("C1,a.first")
		s.down("m1")
		if h := s.wantHello(); h.Tries != 0 || h.Attach < 2 {
			t.Errorf("hello after a move: %+v", h)
		}
		s.wantUp("C1,a.first").answer("a1,0")
		if err := p.Wait(testContext(t), nil); err != nil {
			t.Error(err)
		}
	})
}

// An instance that says why a connection ends was not killed by a message.
func TestUnavailableIsNotATry(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		c := s.dial(name, Options{})
		c.Send("a.first", nil)
		s.wantUp("C1,a.first")
		s.close(protocol.CodeUnavailable, 0)
		if h := s.wantHello(); h.Tries != 0 {
			t.Errorf("hello after a connection that was ended: %+v", h)
		}
	})
}

// An instance may take some of a request's messages and leave the rest.
func TestWhatARequestLeavesIsSentAgain(t *testing.T) {
	for _, name := range []string{"sse", "longpoll"} {
		t.Run(name, func(t *testing.T) {
			s := startScript(t)
			c := s.dial(name, Options{})
			c.Send("a.first", nil)
			up := s.wantUp("C1,a.first")
			c.Send("a.second", nil)
			c.Send("a.third", nil)
			up.answer("a1,0")
			s.wantUp("C2,a.second", "C3,a.third").answer("a2,0")
			s.wantUp("C3,a.third").answer()
			h := s.wantHello() // that was no answer
			if h.In != 2 || h.Tries != 1 {
				t.Errorf("hello after a response that says nothing: %+v", h)
			}
		})
	}
}

// An instance may hold the first poll of a client that comes back as any other: its messages do not wait for that.
func TestMessagesDoNotWaitForAPoll(t *testing.T) {
	s := startScript(t)
	s.set(func() { s.holds = true })
	c := s.dial("longpoll", Options{})
	p := c.Send("a.first", nil)
	s.wantUp("C1,a.first")
	s.cut()
	s.wantUp("C1,a.first").answer("a1,0")
	if err := p.Wait(testContext(t), nil); err != nil {
		t.Error(err)
	}
}

func TestLostIsTold(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		lost := make(chan string, 10)
		s.dial(name, Options{OnLost: func(stream, why string) { lost <- stream + " " + why }})
		s.down("l,7.aaaaa,expired")
		if got := <-lost; got != " expired" {
			t.Errorf("lost %q", got)
		}
		var h protocol.HelloUp
		if name == "longpoll" {
			for h = range s.polls { // one may have come before the loss
				if !h.Cursor.IsZero() {
					break
				}
			}
		} else {
			s.cut()
			h = s.wantHello()
		}
		if h.Cursor == nil || h.Cursor.String() != "7.aaaaa" {
			t.Errorf("hello after the loss: %+v", h)
		}
	})
}

func TestQuestionIsAnswered(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		s.dial(name, Options{Handlers: map[string]Handler{
			"a.yes": func(_ context.Context, p protocol.Payload) (any, error) {
				var in string
				err := decode(p, &in)
				return strings.ToUpper(in), err
			},
			"a.no":     func(context.Context, protocol.Payload) (any, error) { return nil, &Error{"denied", "no"} },
			"a.broken": func(context.Context, protocol.Payload) (any, error) { return nil, errors.New("broken") },
		}})
		for i, test := range []struct{ down, up string }{
			{`q1.aaaaa,q7,a.yes|"hi"`, `R1,q7|"HI"`},
			{`q2.bbbbb,q8,a.no`, `X2,q8|{"code":"denied","message":"no"}`},
			{`q3.ccccc,q9,a.broken`, `X3,q9|{"code":"internal","message":"broken"}`},
			{`q4.ddddd,q10,a.unknown`, `X4,q10|{"code":"not_found","message":"no such method"}`},
		} {
			s.down(test.down)
			s.wantUp(test.up).answer(fmt.Sprintf("a%d,%d", i+1, i+1))
		}
	})
}

func TestVolatile(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		c := s.dial(name, Options{})
		result := make(chan error)
		var out int
		go func() { result <- c.Volatile(testContext(t), "a.typing", true, &out) }()
		s.wantUp("W1,a.typing|true").answer("v1|7")
		if err := <-result; err != nil || out != 7 {
			t.Errorf("answer %d, %v", out, err)
		}
		go func() { result <- c.Volatile(testContext(t), "a.typing", true, &out) }()
		s.wantUp("W2,a.typing|true")
		s.cut()
		if err := <-result; CodeOf(err) != "unavailable" {
			t.Errorf("when the connection breaks: %v", err)
		}
	})
}

// A callback may wait for a call, though both come over one connection.
func TestCallFromACallback(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		result := make(chan error, 1)
		c := s.dial(name, Options{})
		c.Handle("x.y", func(ctx context.Context, _ protocol.Payload) (any, error) {
			result <- c.Call(ctx, "a.b", nil, nil)
			return nil, nil
		})
		s.down("e1.aaaaa,x.y")
		s.wantUp("C1,a.b").answer("a1,2")
		s.down("r2.bbbbb,1")
		if err := <-result; err != nil {
			t.Error(err)
		}
	})
}
