package client

import (
	"context"
	"errors"
	"testing"

	"github.com/sojourn-go/sojourn/protocol"
)

func TestStopCodes(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		shown := make(chan Status, 10)
		c := s.dial(name, Options{OnStatus: func(s Status) { shown <- s }})
		p := c.Send("a.b", nil)
		s.wantUp("C1,a.b")
		s.close(protocol.CodeEnded, 0)
		<-c.Done()
		var closed *protocol.Close
		if err := p.Wait(testContext(t), nil); !errors.As(err, &closed) || closed.Code != protocol.CodeEnded {
			t.Errorf("a call in flight came to %v", err)
		}
		if !errors.As(c.Err(), &closed) {
			t.Errorf("Err is %v", c.Err())
		}
		if first, second := <-shown, <-shown; first != StatusOpen || second != StatusClosed {
			t.Errorf("the program was told %s, %s", first, second)
		}
	})
}

func TestStopSaysWhatTookEffect(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		c := s.dial(name, Options{})
		first := c.Send("user.logout", nil)
		s.wantUp("C1,user.logout")
		second := c.Send("a.b", nil)
		s.close(protocol.CodeEnded, 1)
		if err := first.Wait(testContext(t), nil); CodeOf(err) != "gone" {
			t.Errorf("the call that took effect came to %v", err)
		}
		var closed *protocol.Close
		if err := second.Wait(testContext(t), nil); !errors.As(err, &closed) {
			t.Errorf("the call that did not came to %v", err)
		}
	})
}

func TestDialDenied(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		s.set(func() { s.refusal = &protocol.Close{Code: protocol.CodeDenied, Why: "not you"} })
		_, err := Dial(testContext(t), s.url, &Options{Transports: []string{name}})
		var closed *protocol.Close
		if !errors.As(err, &closed) || closed.Code != protocol.CodeDenied || closed.Why != "not you" {
			t.Errorf("Dial: %v", err)
		}
	})
}

func TestDialIsBoundByItsContext(t *testing.T) {
	s := startScript(t)
	s.set(func() { s.refusal = &protocol.Close{Code: protocol.CodeUnavailable} })
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-s.hellos
		cancel()
	}()
	if _, err := Dial(ctx, s.url, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Dial: %v", err)
	}
}

func TestCloseSaysGoodbyeAfterEverything(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		c := s.dial(name, Options{})
		p := c.Send("a.b", nil)
		up := s.wantUp("C1,a.b")
		closed := make(chan error)
		go func() { closed <- c.Close(testContext(t)) }()
		if up.reply != nil {
			up.answer("a1,0")
		}
		s.wantUp("B2").answer("a2,0")
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if err := p.Wait(testContext(t), nil); err != nil {
			t.Errorf("a call before Close: %v", err)
		}
		if err := c.Close(testContext(t)); err != nil {
			t.Errorf("a second Close: %v", err)
		}
		select {
		case h := <-s.hellos:
			t.Errorf("a new connection after the goodbye: %+v", h)
		default:
		}
	})
}

// The goodbye took effect, but its answer was lost: the instance says that the socket is gone, and that is what was wanted.
func TestCloseWhenTheGoodbyesAnswerIsLost(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		lost := make(chan string, 10)
		c := s.dial(name, Options{OnLost: func(stream, why string) { lost <- why }})
		closed := make(chan error)
		go func() { closed <- c.Close(testContext(t)) }()
		s.wantUp("B1")
		one := uint64(1)
		s.set(func() { s.refusal = &protocol.Close{Code: protocol.CodeGone, In: &one} })
		s.cut()
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if len(lost) > 0 {
			t.Errorf("the program was told that something is lost: %s", <-lost)
		}
	})
}

func TestCloseIsBoundByItsContext(t *testing.T) {
	s := startScript(t)
	c := s.dial("ws", Options{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		s.wantUp("B1")
		cancel()
	}()
	if err := c.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Close: %v", err)
	}
}

func TestAbandonSaysNothing(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		c := s.dial(name, Options{})
		p := c.Send("a.b", nil)
		s.wantUp("C1,a.b")
		c.Abandon()
		if err := p.Wait(testContext(t), nil); err != ErrClosed {
			t.Errorf("a call in flight came to %v", err)
		}
		select {
		case u := <-s.ups:
			t.Errorf("%q was sent", u.lines)
		default:
		}
	})
}
