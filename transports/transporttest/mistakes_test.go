package transporttest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/transporttest"
)

// broken is the specimen with something wrong: in what it does at the switchboard, or in how its handlers are called.
type broken struct {
	check string // of the kit, that must find it
	says  string // a part of its message; left: a goroutine is
	specimen
	open func(open opener, r *http.Request, hello []byte, c transports.Carrier) (transports.Link, error)
	take func(take taker) ([][]byte, error)
	post func(post poster, r *http.Request, frames [][]byte) ([][]byte, error)
	http func(h http.Handler, w http.ResponseWriter, r *http.Request)
}

type (
	opener func(*http.Request, []byte, transports.Carrier) (transports.Link, error)
	taker  func([][]byte) ([][]byte, error)
	poster func(*http.Request, [][]byte) ([][]byte, error)
)

func (b broken) Endpoints(sb transports.Switchboard) map[string]http.Handler {
	handlers := b.specimen.Endpoints(brokenBoard{sb, b})
	if b.http != nil {
		for name, h := range handlers {
			handlers[name] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.http(h, w, r) })
		}
	}
	return handlers
}

type brokenBoard struct {
	transports.Switchboard
	broken
}

func (b brokenBoard) Open(r *http.Request, hello []byte, c transports.Carrier) (link transports.Link, err error) {
	if b.open != nil {
		link, err = b.open(b.Switchboard.Open, r, hello, c)
	} else {
		link, err = b.Switchboard.Open(r, hello, c)
	}
	if err != nil || b.take == nil {
		return link, err
	}
	return brokenLink{link, b.broken}, nil
}

func (b brokenBoard) Post(r *http.Request, frames [][]byte) ([][]byte, error) {
	if b.post != nil {
		return b.post(b.Switchboard.Post, r, frames)
	}
	return b.Switchboard.Post(r, frames)
}

type brokenLink struct {
	transports.Link
	broken
}

func (k brokenLink) Take([][]byte) ([][]byte, error) { return k.take(k.Link.Take) }

// writer is a ResponseWriter whose Write is a function.
type writer struct {
	http.ResponseWriter
	write func([]byte) (int, error)
}

func (w writer) Write(b []byte) (int, error) { return w.write(b) }
func (w writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// without makes a handler write nothing that begins so.
func without(prefix string) func(http.Handler, http.ResponseWriter, *http.Request) {
	return func(h http.Handler, w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(writer{w, func(b []byte) (int, error) {
			if bytes.HasPrefix(b, []byte(prefix)) {
				return len(b), nil
			}
			return w.Write(b)
		}}, r)
	}
}

const left = "blocked goroutines remain"

// mistakes are what somebody who writes a transport may do wrong.
var mistakes = map[string]broken{
	"the hello is changed": {check: "HelloFirst", says: "Open was given", open: func(open opener, r *http.Request, hello []byte, c transports.Carrier) (transports.Link, error) {
		return open(r, append(hello, ' '), c)
	}},
	"the carrier is not described": {check: "HelloFirst", says: "the carrier", open: func(open opener, r *http.Request, hello []byte, _ transports.Carrier) (transports.Link, error) {
		return open(r, hello, transports.Carrier{})
	}},
	"the last frame goes first": {check: "DownInOrder", says: "received", take: func(take taker) ([][]byte, error) {
		frames, err := take(nil)
		slices.Reverse(frames)
		return frames, err
	}},
	"a write for each frame": {check: "OneWrite", says: "left with 50 writes", http: func(h http.Handler, w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(writer{w, func(b []byte) (int, error) {
			for line := range bytes.Lines(b) {
				if _, err := w.Write(line); err != nil {
					return 0, err
				}
				_ = http.NewResponseController(w).Flush()
			}
			return len(b), nil
		}}, r)
	}},
	"what does not fit is dropped": {check: "LargeBatch", says: "received", take: func(take taker) ([][]byte, error) {
		frames, err := take(nil)
		return frames[:min(20, len(frames))], err
	}},
	"messages come up in any order": {check: "UpInOrder", says: "came up, want", post: func(post poster, r *http.Request, frames [][]byte) ([][]byte, error) {
		slices.Reverse(frames[1:])
		return post(r, frames)
	}},
	"what is too much is dropped": {check: "Flood", says: "came up, want", post: func(post poster, r *http.Request, frames [][]byte) ([][]byte, error) {
		return post(r, frames[:min(len(frames), 40)])
	}},
	"no limit on frames":        {check: "TooBig", says: "want too_big", specimen: specimen{Limits: transports.Limits{Frame: -1, Body: -1}}},
	"too low a limit on frames": {check: "TooBig", says: "Send: ", specimen: specimen{Limits: transports.Limits{Frame: 64 << 10}}},
	"no limit on their number":  {check: "TooMany", says: "want too_big", specimen: specimen{Limits: transports.Limits{Frames: -1, Rate: -1}}},
	"too low a limit on it":     {check: "TooMany", says: "Send: ", specimen: specimen{Limits: transports.Limits{Frames: 255}}},
	"no limit on the hello":     {check: "HelloTooBig", says: "a link was opened", specimen: specimen{Limits: transports.Limits{Frame: -1}}},
	"what is not UTF-8 is mended": {check: "NotUTF8", says: "want malformed", http: func(h http.Handler, w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(bytes.ToValidUTF8(body, []byte("?"))))
		h.ServeHTTP(w, r)
	}},
	"why it is refused is not told": {check: "OpenRefused", says: "the client was told", open: func(open opener, r *http.Request, hello []byte, c transports.Carrier) (transports.Link, error) {
		link, err := open(r, hello, c)
		if err != nil {
			err = errors.New("refused")
		}
		return link, err
	}},
	"what is secret is told": {check: "OpenRefused", says: "hunter2", open: func(open opener, r *http.Request, hello []byte, c transports.Carrier) (transports.Link, error) {
		link, err := open(r, hello, c)
		if _, ok := errors.AsType[*protocol.Close](err); err != nil && !ok {
			err = &protocol.Close{Code: protocol.CodeUnavailable, Why: err.Error()}
		}
		return link, err
	}},
	"why it ended is not told": {check: "PullRefused", says: "the client was told", take: func(take taker) ([][]byte, error) {
		frames, err := take(nil)
		if err != nil {
			err = io.EOF
		}
		return frames, err
	}},
	"errors of messages are dropped": {check: "PushRefused", says: "the client was told", post: func(post poster, r *http.Request, frames [][]byte) ([][]byte, error) {
		reply, _ := post(r, frames)
		return reply, nil
	}},
	"an orderly end is an error": {check: "EndOfFile", says: "want an orderly end", take: func(take taker) ([][]byte, error) {
		frames, err := take(nil)
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return frames, err
	}},
	"a message cannot be ended": {check: "EndDuringPush", says: left, post: func(post poster, r *http.Request, frames [][]byte) ([][]byte, error) {
		return post(r.WithContext(context.WithoutCancel(r.Context())), frames)
	}},
	"an end takes its time": {check: "Drain", says: "after their links", take: func(take taker) ([][]byte, error) {
		frames, err := take(nil)
		if errors.Is(err, io.EOF) {
			<-time.After(3 * time.Second)
		}
		return frames, err
	}},
	"nobody sees that the client has gone": {check: "ClientLeaves", says: "though its client is gone", http: func(h http.Handler, w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(context.WithoutCancel(r.Context())))
	}},
	"no deadlines of its own": {check: "ServerTimeouts", says: "received the end", http: func(h http.Handler, w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(struct {
			http.ResponseWriter
			http.Flusher
		}{w, w.(interface{ Unwrap() http.ResponseWriter }).Unwrap().(http.Flusher)}, r)
	}},
	"a client may take its time": {check: "SlowClient", says: "was not cut off", specimen: specimen{Limits: transports.Limits{Write: -1}}},
	"each byte has its time": {check: "SlowReader", says: "was not cut off", http: func(h http.Handler, w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		h.ServeHTTP(writer{w, func(b []byte) (int, error) {
			for i := range b {
				_ = control.SetWriteDeadline(time.Now().Add(10 * time.Second))
				if _, err := w.Write(b[i : i+1]); err != nil {
					return i, err
				}
				_ = control.Flush()
			}
			return len(b), nil
		}}, r)
	}},
	"no pings":           {check: "Heartbeat", says: "want a ping", http: without("p\n")},
	"no word at its age": {check: "MaxAge", says: "Receive: ", http: without("m0\n")},
	"a goroutine is left": {check: "HelloFirst", says: left, open: func(open opener, r *http.Request, hello []byte, c transports.Carrier) (transports.Link, error) {
		go func() { select {} }()
		return open(r, hello, c)
	}},
}

// The kit finds each mistake, and says which rule it breaks. A run that must fail is a process of its own.
func TestKitFindsMistakes(t *testing.T) {
	for name, mistake := range mistakes {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestMistake$/^"+mistake.check+"$", "-test.timeout=60s")
			cmd.Env = append(os.Environ(), "KIT_MISTAKE="+name)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Fatalf("the kit passes\n%s", out)
			}
			named := "the broken rule, " + mistake.check + ": "
			if mistake.says == left { // the bubble ends the test
				named = "--- FAIL: TestMistake/" + mistake.check
			}
			for _, want := range []string{named, mistake.says} {
				if !strings.Contains(string(out), want) {
					t.Errorf("the kit does not say %q:\n%s", want, out)
				}
			}
		})
	}
}

// TestMistake runs the kit on one of the mistakes, for the test above.
func TestMistake(t *testing.T) {
	mistake, ok := mistakes[os.Getenv("KIT_MISTAKE")]
	if !ok {
		return
	}
	transporttest.Run(t, transporttest.Subject{
		Transport:    mistake,
		Dial:         dial,
		Heartbeat:    25 * time.Second,
		MaxAge:       295 * time.Second,
		WriteTimeout: 10 * time.Second,
	})
}
