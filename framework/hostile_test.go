package framework_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/store"
)

// safeBuffer is a log that several goroutines write.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// The key of a socket, the id of a session and what a client proves itself with reach no log, whatever goes wrong.
func TestNothingSecretInLogs(t *testing.T) {
	onEachStore(t, func(w *world) {
		var log safeBuffer
		w.cfg.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		w.cfg.Identify = func(r *http.Request) (framework.User, error) {
			if r.Header.Get("Authorization") == "Bearer wrong token" {
				return framework.User{}, framework.Errorf(framework.CodeDenied, "no")
			}
			return framework.User{}, nil
		}
		w.run(1, ledger())
		const session = "c2Vzc2lvbnNlc3Npb24x"
		say := func(path, body string) {
			r, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.url+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.AddCookie(&http.Cookie{Name: framework.SessionCookie, Value: session})
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
		say("/lp", `H{"v":1,"key":"`+rawKey+`","c":1,"auth":"a token"}`)
		say("/lp", `H{"v":1,"key":"`+rawKey+`","c":1,"auth":"wrong token"}`)
		say("/lp", `H{"v":1,"key":"`+rawKey+`"`)
		say("/up", "K"+rawKey+",,0\nC1,ledger.fail|\"panic\"\nC2,ledger.nothing\nCx")
		w.first().store.before = func(store.Turn) error { return store.ErrClosed }
		say("/up", "K"+rawKey+",,0\nC3,ledger.add|1")
		if log.String() == "" {
			t.Error("nothing was logged: the test shows nothing")
		}
		for _, secret := range []string{rawKey, session, "token"} {
			if strings.Contains(log.String(), secret) {
				t.Errorf("the log has %q:\n%s", secret, log.String())
			}
		}
	})
}

// Clients that never read hold up nobody, and nothing is queued for them here.
func TestDeafClientsHoldUpNobody(t *testing.T) {
	onEachStore(t, func(w *world) {
		big := &framework.Topic[string]{Name: "big", Subscribe: framework.Anyone}
		w.run(1, ledger(), framework.Service{Name: "big", Topics: []framework.Stream{big}})
		host := strings.TrimSuffix(strings.TrimPrefix(w.url, "http://"), "/rt")
		for n := range 5 { // subscribe, then ask for a stream and read nothing of it
			key := strings.Replace(rawKey, "A", string(rune('B'+n)), 1)
			w.post("/lp", `H{"v":1,"key":"`+key+`","c":1}`)
			w.post("/up", "K"+key+",,0\nS1,big/all")
			c, err := net.Dial("tcp", host)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_ = c.(*net.TCPConn).SetReadBuffer(4096)
			hello := `H{"v":1,"key":"` + key + `","c":2,"cur":"0."}`
			request := "POST /rt/sse HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: text/plain\r\nContent-Length: " + strconv.Itoa(len(hello)) + "\r\n\r\n" + hello
			if _, err := c.Write([]byte(request)); err != nil {
				t.Fatal(err)
			}
		}
		a := w.account(nil)
		a.follow(w, "lines/all")
		text := strings.Repeat("x", 60_000)
		for n := 1; n <= 200; n++ {
			if err := w.first().rt.Do(context.Background(), func(t *framework.Turn) error {
				if err := big.Publish(t, "all", text); err != nil {
					return err
				}
				return lines.Publish(t, "all", n)
			}); err != nil {
				t.Fatal(err)
			}
		}
		a.expect(w, "the topic", &a.lines, upTo(200))
	})
}
