package repl

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

func (s *session) call(ctx context.Context, args string) error {
	return s.invoke(ctx, args, s.c.Call)
}

func (s *session) volatile(ctx context.Context, args string) error {
	return s.invoke(ctx, args, s.c.Volatile)
}

// invoke calls a method one way or the other.
func (s *session) invoke(ctx context.Context, args string, call func(ctx context.Context, method string, in, out any) error) error {
	method, text := cut(args)
	if !strings.Contains(method, ".") {
		return fmt.Errorf("a method is written service.method, not %q", method)
	}
	in, err := s.in.payload(text)
	if err != nil {
		return err
	}
	return s.timed(ctx, func(ctx context.Context) error {
		var answer protocol.Payload
		if err := call(ctx, method, in, &answer); err != nil {
			return err
		}
		if len(answer) > 0 {
			s.out.say(show(answer))
		}
		return nil
	})
}

// timed does something that the server answers, and says how long it took.
func (s *session) timed(ctx context.Context, do func(context.Context) error) error {
	ctx, stop := s.patience(ctx, fmt.Errorf("no answer within %v: what was sent may still take effect", s.Timeout))
	defer stop()
	begun := time.Now()
	err := do(ctx)
	took := length(time.Since(begun))
	if err != nil {
		return fmt.Errorf("%w (%s)", err, took)
	}
	s.out.say("# ok, " + took)
	return nil
}

// patience bounds what waits for the server: over is the cause when it has waited for too long.
func (s *session) patience(ctx context.Context, over error) (_ context.Context, stop func()) {
	ctx, stop1 := context.WithTimeoutCause(ctx, s.Timeout, over)
	ctx, stop2 := s.interruptible(ctx)
	return ctx, func() { stop2(); stop1() }
}

// length writes a time with two or three digits.
func length(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
