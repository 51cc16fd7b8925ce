package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// counting is an Options.Auth that says t1, t2, ...
func counting() func(context.Context) (string, error) {
	var n atomic.Int32
	return func(context.Context) (string, error) { return fmt.Sprint("t", n.Add(1)), nil }
}

// wantPost waits for a request without messages.
func (s *script) wantPost() up {
	s.t.Helper()
	select {
	case u := <-s.ups:
		if len(u.lines) > 0 || u.reply == nil {
			s.t.Fatalf("%q came, want a request without messages", u.lines)
		}
		return u
	case <-testContext(s.t).Done():
		s.t.Fatal("no request")
		panic("not reached")
	}
}

func TestAuthIsAskedForEachAttempt(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		o := Options{Transports: []string{name}, DialContext: s.dialContext, Auth: counting()}
		c := dial(t, s.url, o)
		for _, want := range []string{"t1", "t2", "t3"} {
			if h := s.wantHello(); h.Auth != want {
				t.Errorf("a hello with %q, want %q", h.Auth, want)
			}
			p := c.Send("a.b", nil)
			u := <-s.ups
			if u.reply != nil && u.auth != want {
				t.Errorf("a request with %q, want %q", u.auth, want)
			}
			f, err := protocol.ParseFrame([]byte(u.lines[0]))
			if err != nil {
				t.Fatal(err)
			}
			u.answer("a" + string(f.Field(0)) + ",0")
			if err := p.Wait(testContext(t), nil); err != nil {
				t.Error(err)
			}
			s.close(protocol.CodeMove, 0)
		}
	})
}

func TestFreshCredentialsBeforeTheyRunOut(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		c := s.dial(name, Options{Auth: counting()})
		s.down("k5000")
		if name == "ws" {
			s.wantUp(`T|"t2"`)
		} else if u := s.wantPost(); u.auth != "t2" {
			t.Errorf("a request with %q, want t2", u.auth)
		} else {
			u.answer()
		}
		p := c.Send("a.b", nil)
		u := s.wantUp("C1,a.b")
		if u.reply != nil && u.auth != "t2" {
			t.Errorf("the next request with %q, want t2", u.auth)
		}
		u.answer("a1,0")
		if err := p.Wait(testContext(t), nil); err != nil {
			t.Error(err)
		}
		if len(s.hellos) > 0 {
			t.Error("it connected again")
		}
	})
}

// Cookies come with the handshake of a WebSocket, and with any request.
func TestFreshCookiesBeforeTheyRunOut(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		var statuses []Status
		c := s.dial(name, Options{OnStatus: func(status Status) { statuses = append(statuses, status) }})
		s.down("k5000")
		if name == "ws" {
			s.wantHello()
		} else {
			s.wantPost().answer()
		}
		p := c.Send("a.b", nil)
		s.wantUp("C1,a.b").answer("a1,0")
		if err := p.Wait(testContext(t), nil); err != nil {
			t.Error(err)
		}
		s.callbacksOf(c)
		if !slices.Equal(statuses, []Status{StatusOpen}) {
			t.Errorf("statuses %v, want the connection to be replaced unnoticed", statuses)
		}
	})
}

func TestExpiredCredentials(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		c := s.dial(name, Options{Auth: counting()})
		p := c.Send("a.b", nil)
		s.wantUp("C1,a.b")
		s.close(protocol.CodeExpired, 0)
		if h := s.wantHello(); h.Auth != "t2" || h.Tries != 0 {
			t.Errorf("hello after the credentials ran out: %+v", h)
		}
		s.wantUp("C1,a.b").answer("a1,0")
		if err := p.Wait(testContext(t), nil); err != nil {
			t.Error(err)
		}
		s.set(func() { s.refusal = &protocol.Close{Code: protocol.CodeExpired} })
		s.cut()
		for _, want := range []string{"t3", "t4"} {
			if h := s.wantHello(); h.Auth != want {
				t.Errorf("hello with %q, want %q", h.Auth, want)
			}
		}
	})
}

// That there are no credentials is not the fault of a transport, nor the end.
func TestAuthErrorsAreFailedAttempts(t *testing.T) {
	asked := 0
	auth := func(context.Context) (string, error) {
		if asked++; asked < 8 {
			return "", errBroken
		}
		return "t", nil
	}
	bubble(t, Options{Auth: auth}, map[string]carrier{"ws": answering(plainHello), "sse": silent, "longpoll": silent}, func(t *testing.T, c *Client) {
		begun := time.Now()
		<-c.first
		if took := time.Since(begun); c.Transport() != "ws" || asked != 8 || took == 0 {
			t.Errorf("asked %d times in %v, connected by %q", asked, took, c.Transport())
		}
	})
}

// An Auth that hangs is given up by its context, and so is the client.
func TestAuthIsBounded(t *testing.T) {
	asked := 0
	auth := func(ctx context.Context) (string, error) {
		asked++
		<-ctx.Done()
		return "", ctx.Err()
	}
	bubble(t, Options{Auth: auth}, map[string]carrier{"ws": silent}, func(t *testing.T, c *Client) {
		time.Sleep(2*authTime + 30*time.Second)
		synctest.Wait()
		if asked < 2 || asked > 3 {
			t.Errorf("asked %d times", asked)
		}
	})
}

func TestDialSaysWhatFailed(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	_, err := Dial(ctx, "http://unused", &Options{Reconnect: Reconnect{Min: time.Millisecond}, Auth: func(context.Context) (string, error) {
		if asked++; asked > 1 {
			cancel()
		}
		return "", errBroken
	}})
	if !errors.Is(err, context.Canceled) || !errors.Is(err, errBroken) {
		t.Errorf("Dial: %v", err)
	}
}

func TestRetryAfterIsHeard(t *testing.T) {
	for _, test := range []struct {
		status int
		after  string
		body   string
		min    time.Duration
		max    time.Duration
		code   protocol.Code
	}{
		{503, "7", "z4006,,\n", 7 * time.Second, 7 * time.Second, protocol.CodeUnavailable},
		{429, "7", "z4015,,\n", 7 * time.Second, 7 * time.Second, protocol.CodeCrowded},
		{503, "7", "<html>", 7 * time.Second, 7 * time.Second, 0},
		{429, "Fri, 01 Jan 2100 00:00:00 GMT", "", maxRetryAfter, maxRetryAfter, 0},
		{503, "99999999999999999999", "", 0, 0, 0},
		{503, "4294967295", "", maxRetryAfter, maxRetryAfter, 0},
		{503, "-1", "", 0, 0, 0},
		{503, "Thu, 01 Jan 1970 00:00:00 GMT", "", 0, 0, 0},
		{503, "", "z4006,,\n", 0, 0, protocol.CodeUnavailable},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if test.after != "" {
				w.Header().Set("Retry-After", test.after)
			}
			w.WriteHeader(test.status)
			_, _ = w.Write([]byte(test.body))
		}))
		c, err := newClient(server.URL, (&Options{}).withDefaults())
		if err != nil {
			t.Fatal(err)
		}
		c.start()
		_, byPost := c.post(t.Context(), "/up", []byte("K"))
		_, byWS := c.dialWS(t.Context())
		c.Abandon()
		server.Close()
		for how, err := range map[string]error{"a request": byPost, "a handshake": byWS} {
			var wait time.Duration
			if retry, ok := errors.AsType[*retryError](err); ok {
				wait = retry.after
			}
			var code protocol.Code
			if closed, ok := errors.AsType[*protocol.Close](err); ok {
				code = closed.Code
			}
			if err == nil || wait < test.min || wait > test.max || code != test.code {
				t.Errorf("%s answered %d, Retry-After %q, %q: wait %v, code %v", how, test.status, test.after, test.body, wait, code)
			}
		}
	}
}
