package transports_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
)

// takes is a link whose Take is a function of how often it was called.
type takes func(n int) ([][]byte, error)

type takeLink struct {
	transports.Link
	take  takes
	ready func(bool)
	n     int
}

func (l *takeLink) Take(frames [][]byte) ([][]byte, error) {
	l.n++
	more, err := l.take(l.n)
	if len(more) > 0 {
		l.ready(true) // there may be more
	}
	return append(frames, more...), err
}

func silence(int) ([][]byte, error) { return nil, nil }

// pump runs one over the link, and returns how it ended and what was written, each write in brackets.
func pump(ctx context.Context, p transports.Pump, take takes) (*protocol.Close, string) {
	var out strings.Builder
	p.Format = func(b, frame []byte) []byte { return append(append(b, frame...), ' ') }
	if p.Write == nil {
		p.Write = func(b []byte) error {
			fmt.Fprintf(&out, "[%.20s]", strings.TrimSpace(string(b)))
			return nil
		}
	}
	end := p.Run(ctx, &takeLink{take: take, ready: p.Carrier("kit").Ready})
	return end, out.String()
}

func code(end *protocol.Close) protocol.Code {
	if end == nil {
		return 0
	}
	return end.Code
}

func TestPumpEnds(t *testing.T) {
	gone := &protocol.Close{Code: protocol.CodeGone}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	frames := [][]byte{[]byte("e1"), []byte("e2")}
	for name, c := range map[string]struct {
		ctx  context.Context
		take takes
		code protocol.Code
		out  string
	}{
		"EOF":             {t.Context(), func(int) ([][]byte, error) { return nil, io.EOF }, protocol.CodeMove, ""},
		"EOF with frames": {t.Context(), func(int) ([][]byte, error) { return frames, io.EOF }, protocol.CodeMove, "[e1 e2]"},
		"EOF after a z": {t.Context(), func(int) ([][]byte, error) {
			return [][]byte{[]byte("e1"), []byte("z4008,7,why")}, io.EOF
		}, protocol.CodeFull, "[e1 z4008,7,why]"},
		"Close":           {t.Context(), func(int) ([][]byte, error) { return frames, gone }, protocol.CodeGone, "[e1 e2][z4004,,]"},
		"error":           {t.Context(), func(int) ([][]byte, error) { return nil, errors.New("x") }, protocol.CodeUnavailable, "[z4006,,]"},
		"nobody is there": {cancelled, silence, 0, ""},
		"Close though nobody is there": {cancelled, func(int) ([][]byte, error) { return nil, &protocol.Close{Code: protocol.CodeFull} },
			protocol.CodeFull, "[z4008,,]"},
	} {
		end, out := pump(c.ctx, transports.Pump{}, c.take)
		if code(end) != c.code || out != c.out {
			t.Errorf("%s: ended with %v after %s, want %v after %s", name, code(end), out, c.code, c.out)
		}
	}
}

func TestPumpStopsWhenWriteFails(t *testing.T) {
	for _, take := range []takes{
		func(int) ([][]byte, error) { return [][]byte{[]byte("e")}, nil },
		func(int) ([][]byte, error) { return nil, errors.New("x") },
	} {
		writes := 0
		end, _ := pump(t.Context(), transports.Pump{Heartbeat: time.Hour, Write: func([]byte) error { writes++; return io.ErrClosedPipe }}, take)
		if end != nil || writes != 1 {
			t.Errorf("ended with %v after %d writes, want nil after 1", end, writes)
		}
	}
}

// A write is 64 KiB at most, or one frame; as many frames as fit are in one.
func TestPumpWritesPieces(t *testing.T) {
	var frames [][]byte
	for _, kib := range []int{10, 20, 30, 10, 64, 65, 1, 200, 1, 1} {
		frames = append(frames, []byte(strings.Repeat("x", kib<<10-1)))
	}
	var sizes []int
	pump(t.Context(), transports.Pump{Heartbeat: time.Hour, Write: func(b []byte) error {
		sizes = append(sizes, len(b)>>10)
		return nil
	}}, func(int) ([][]byte, error) { return frames, io.EOF })
	if got, want := fmt.Sprint(sizes), fmt.Sprint([]int{60, 10, 64, 65, 1, 200, 2}); got != want {
		t.Errorf("writes of %s KiB, want %s", got, want)
	}
}

func TestPumpPingsHoweverBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end, out := pump(t.Context(), transports.Pump{Heartbeat: 25 * time.Second}, func(n int) ([][]byte, error) {
			<-time.After(10 * time.Second)
			return [][]byte{[]byte("e")}, []error{nil, io.EOF}[n/8]
		})
		if code(end) != protocol.CodeMove || out != "[e][e][e][p][e][e][e][p][e][e]" {
			t.Errorf("ended with %v after %s", end, out)
		}
	})
}
