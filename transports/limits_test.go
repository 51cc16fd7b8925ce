package transports_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/transporttest"
)

// The specification's table has the defaults.
func TestDocsHaveTheDefaults(t *testing.T) {
	text, err := os.ReadFile("../docs/transports.md")
	if err != nil {
		t.Fatal(err)
	}
	l := transports.Limits{}.Defaults()
	for _, row := range []string{
		fmt.Sprintf("| `Limits.Frame` | %d KiB |", l.Frame>>10),
		fmt.Sprintf("| `Limits.Body` | %d MiB |", l.Body>>20),
		fmt.Sprintf("| `Limits.Frames` | %d |", l.Frames),
		fmt.Sprintf("| `Limits.Wait` | %d s |", l.Wait/time.Second),
		fmt.Sprintf("| `Limits.Write` | %d s |", l.Write/time.Second),
		fmt.Sprintf("| `Limits.Rate`, `Limits.Burst` | %d,000 a second, %d,000 at once |", l.Rate/1000, l.Burst/1000),
	} {
		if !strings.Contains(string(text), row) {
			t.Errorf("docs/transports.md has no row with %s", row)
		}
	}
}

// reading is a transport whose endpoints read a hello, or frames, and answer with what answer returns.
type reading struct {
	transports.Transport
	limits transports.Limits
	answer func() [][]byte
}

func (r reading) Name() string { return "reading" }
func (r reading) Endpoints(transports.Switchboard) map[string]http.Handler {
	return map[string]http.Handler{
		"hello": http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if _, ok := r.limits.ReadHello(w, req); ok {
				r.limits.Respond(w, r.answer(), nil)
			}
		}),
		"frames": http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if _, ok := r.limits.ReadFrames(w, req); ok {
				answer := r.answer()
				r.limits.Respond(w, answer, req.Context().Err())
			}
		}),
	}
}

func nothing() [][]byte { return nil }

func TestReadHelloIsOneFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := transporttest.Serve(t, nil, reading{answer: nothing})
		for body, want := range map[string]protocol.Code{
			"H{}":                                0,
			"H{}\n":                              0,
			"":                                   protocol.CodeMalformed,
			"H{}\nC1":                            protocol.CodeMalformed,
			"H" + strings.Repeat("x", 65<<10-1):  0,
			"H" + strings.Repeat("x", 65<<10):    protocol.CodeTooBig,
			"H\xff":                              protocol.CodeMalformed,
			"H{}" + strings.Repeat("\n", 65<<10): protocol.CodeTooBig,
		} {
			response, err := s.Post(t.Context(), "hello", []byte(body))
			if err != nil {
				t.Fatal(err)
			}
			_, err = transporttest.ReadLines(response)
			if end, _ := errors.AsType[*protocol.Close](err); code(end) != want {
				t.Errorf("%.20q of %d bytes was answered %v, want %v", body, len(body), err, want)
			}
		}
	})
}

// A body has its time to arrive; that time over, a request may still be held.
func TestReadFramesDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := transporttest.Serve(t, nil, reading{
			limits: transports.Limits{Wait: 7 * time.Second},
			answer: func() [][]byte { <-time.After(time.Minute); return nil },
		})
		post := func(body io.Reader) (error, time.Duration) {
			start := time.Now()
			r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/frames", body)
			if err != nil {
				t.Fatal(err)
			}
			response, err := s.Client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_, err = transporttest.ReadLines(response)
			return err, time.Since(start)
		}
		if err, after := post(strings.NewReader("C1")); err != io.EOF || after != time.Minute {
			t.Errorf("a request that was held ended with %v after %v, want EOF after 1m", err, after)
		}
		late, w := io.Pipe()
		time.AfterFunc(7*time.Second-1, func() { w.Close() })
		if err, _ := post(late); err != io.EOF {
			t.Errorf("a body that just arrives in time was answered %v", err)
		}
		never, w := io.Pipe()
		defer w.Close()
		err, after := post(io.MultiReader(strings.NewReader("C1"), never))
		if end, _ := errors.AsType[*protocol.Close](err); code(end) != protocol.CodeSilent || after != 7*time.Second {
			t.Errorf("a body that does not arrive was answered %v after %v, want silent after 7s", err, after)
		}
	})
}

// A message is counted before anything is made of it.
func TestSplitCountsFirst(t *testing.T) {
	for _, line := range []string{"\n", "p\n", "|\n"} {
		message := []byte(strings.Repeat(line, 1<<20/len(line)))
		var err error
		allocs := testing.AllocsPerRun(5, func() { _, err = transports.Limits{}.Split(message) })
		if end, _ := errors.AsType[*protocol.Close](err); code(end) != protocol.CodeTooBig || allocs != 0 {
			t.Errorf("1 MiB of %q: %v after %v allocations, want too_big after none", line, err, allocs)
		}
	}
}

// A client has Limits.Write for each 64 KiB, and not a moment more.
func TestRespondWithinWriteLimit(t *testing.T) {
	for _, c := range []struct {
		reads time.Duration
		ok    bool
	}{{7*time.Second - 1, true}, {7*time.Second + 1, false}} {
		synctest.Test(t, func(t *testing.T) {
			s := transporttest.Serve(t, nil, reading{
				limits: transports.Limits{Write: 7 * time.Second},
				answer: func() [][]byte { return [][]byte{[]byte(strings.Repeat("x", 100<<10))} },
			})
			response, err := s.Post(t.Context(), "frames", []byte("C1"))
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			<-time.After(c.reads)
			if _, err := io.Copy(io.Discard, response.Body); (err == nil) != c.ok {
				t.Errorf("read after %v: %v", c.reads, err)
			}
		})
	}
}

// A long answer may take long, as long as each 64 KiB of it does not, whatever the server's WriteTimeout.
func TestRespondToSlowClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 300 << 10
		s := transporttest.Serve(t, nil, reading{answer: func() [][]byte {
			<-time.After(16 * time.Second)
			return [][]byte{[]byte(strings.Repeat("x", size))}
		}})
		response, err := s.Post(t.Context(), "frames", []byte("C1"))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		got := 0
		for err == nil {
			<-time.After(8 * time.Second)
			var n int64
			n, err = io.CopyN(io.Discard, response.Body, 70<<10)
			got += int(n)
		}
		if err != io.EOF || got != size+1 {
			t.Errorf("%d bytes came, then %v, want %d", got, err, size+1)
		}
	})
}
