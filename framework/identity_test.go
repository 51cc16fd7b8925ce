package framework_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
)

// identifyByName takes tokens "name" and "name until", until being milliseconds of Unix time; "revoked" is nobody's.
func identifyByName(r *http.Request) (framework.User, error) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	name, until, timed := strings.Cut(token, " ")
	if name == "" || name == "revoked" {
		return framework.User{}, framework.Errorf(framework.CodeDenied, "who are you?")
	}
	u := framework.User{ID: name, Data: map[string]string{"token": token}}
	if timed {
		ms, err := strconv.ParseInt(until, 10, 64)
		if err != nil {
			return u, err
		}
		u.Expires = time.UnixMilli(ms)
	}
	return u, nil
}

// Tokens that live for half a second are renewed, whatever the transport, and nothing is lost.
func TestCredentialsAreRenewed(t *testing.T) {
	everywhere(t, func(w *world) {
		w.cfg.Identify = identifyByName
		w.run(3, ledger(), framework.Service{Name: "who", Methods: framework.Methods{
			"ami": framework.Call(func(t *framework.Turn, _ any) (string, error) { return t.User().Data["token"], nil }),
		}})
		var asked atomic.Int32
		changed := make(chan struct{}, 1)
		var mu sync.Mutex
		var tokens []string
		a := w.account(&client.Options{
			Auth: func(context.Context) (string, error) {
				token := fmt.Sprintf("ann %d", time.Now().Add(500*time.Millisecond).UnixMilli())
				mu.Lock()
				tokens = append(tokens, token)
				mu.Unlock()
				asked.Add(1)
				select {
				case changed <- struct{}{}:
				default:
				}
				return token, nil
			},
		})
		id := a.ID()
		a.follow(w, "lines/"+id)
		for n := 1; n <= 4; n++ {
			call[int](w, a.Client, "ledger.add", n)
			before := asked.Load()
			until(w, changed, "the client was asked for a fresh token", func() bool {
				if w.transport == "longpoll" { // it finds out by its next request
					call[[]int](w, a.Client, "ledger.sum", id)
				}
				return asked.Load() > before
			})
		}
		a.expect(w, "the topic", &a.lines, upTo(4))
		if a.ID() != id || len(a.lost) > 0 {
			w.Errorf("the conversation began anew: %s, then %s; lost %v", id, a.ID(), a.lost)
		}
		// Turns know who the user is now, not who it was at the open.
		got := call[string](w, a.Client, "who.ami", nil)
		mu.Lock()
		defer mu.Unlock()
		if !slices.Contains(tokens[1:], got) {
			w.Errorf("the turn's user has token %q, of %q", got, tokens)
		}
	})
}

// A client that has no fresh token is told that it has expired, when it has, and comes in again when it has got one.
func TestExpiredCredentialsEndTheConnection(t *testing.T) {
	everywhere(t, func(w *world) {
		w.cfg.Identify = identifyByName
		w.run(2, ledger())
		var renew atomic.Bool
		stale := fmt.Sprintf("ann %d", time.Now().Add(300*time.Millisecond).UnixMilli())
		expired := make(chan struct{}, 1)
		a := w.account(&client.Options{
			Auth: func(context.Context) (string, error) {
				if renew.Load() {
					return "ann", nil
				}
				return stale, nil
			},
			Trace: func(direction string, frame []byte) {
				if direction == "down" && strings.HasPrefix(string(frame), "z4014") {
					select {
					case expired <- struct{}{}:
					default:
					}
				}
			},
		})
		id := a.ID()
		<-expired
		renew.Store(true)
		if call[int](w, a.Client, "ledger.add", 1); a.ID() != id || len(a.lost) > 0 {
			w.Errorf("the conversation began anew: %s, then %s; lost %v", id, a.ID(), a.lost)
		}
	})
}

// Each POST says who it is from: one whose credentials were withdrawn or have run out takes no effect, whatever its socket was opened with.
func TestPostIsIdentified(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.cfg.Identify = identifyByName
		w.run(2, ledger())
		w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":1,"auth":"ann"}`)
		for _, row := range []struct {
			auth, reply string
			status      int
		}{
			{`|"ann"`, "a1,1\n", 200},
			{`|"revoked"`, "z4002,,who are you?\n", 403},
			{``, "z4002,,who are you?\n", 403},
			{`|"ann 1000"`, "z4014,,the credentials have run out\n", 401},
			{`|"ann"`, "a2,2\n", 200},
			{`|"eve"`, "z4012,2,another user\n", 200},
			{`|"ann"`, "z4012,2,another user\n", 200}, // it has ended
		} {
			n := "1"
			if row.reply != "a1,1\n" {
				n = "2"
			}
			status, text := w.post("/up", "K"+rawKey+",,0"+row.auth+"\nC"+n+",ledger.push|"+n)
			if text != row.reply || status != row.status {
				w.Errorf("auth %s, message %s: %d %q, want %d %q", row.auth, n, status, text, row.status, row.reply)
			}
		}
	})
}

// A socket that was opened with a session's cookie is that session's: its key alone, or with another cookie, is worth nothing.
func TestSocketIsBoundToItsSession(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(2, ledger())
		say := func(session, path, body string) string {
			r, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.url+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if session != "" {
				r.AddCookie(&http.Cookie{Name: framework.SessionCookie, Value: session})
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		const mine, other = "AAAAAAAAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBBBBBBBA"
		for n, row := range []struct{ opened, with, path string }{
			{mine, other, "/lp"}, {mine, "", "/lp"}, {mine, other, "/up"}, {mine, "", "/up"}, {mine, mine, "/lp"}, {mine, mine, "/up"},
			{"", mine, "/lp"}, {"", "", "/lp"}, {"", mine, "/up"}, {"", "", "/up"},
		} {
			key := strings.Replace(rawKey, "A", string(rune('C'+n)), 1)
			say(row.opened, "/lp", `H{"v":1,"key":"`+key+`","c":1}`)
			body := `H{"v":1,"key":"` + key + `","c":2,"cur":"0.","now":true}`
			if row.path == "/up" {
				body = "K" + key + ",,0\nC1,ledger.push|1"
			}
			text := say(row.with, row.path, body)
			refused := strings.HasPrefix(text, "z4012,0,another session")
			if want := row.opened == mine && row.with != mine; refused != want {
				t.Errorf("%+v: %q", row, text)
			}
		}
	})
}

// Who logs out is out on every instance at once, with all sockets: those that are connected and those that are between two polls. Others stay.
func TestLogOutReachesEveryInstance(t *testing.T) {
	everywhere(t, func(w *world) {
		w.cfg.Identify = identifyByName
		w.run(3, ledger())
		instances := slices.Clone(w.instances)
		var anns []*account
		for _, i := range instances { // held by three
			w.route(i)
			anns = append(anns, w.account(&client.Options{Auth: client.Token("ann")}))
		}
		w.route(nil)
		bob := w.account(&client.Options{Auth: client.Token("bob")})
		w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":1,"auth":"ann"}`) // between two polls
		for _, i := range instances {                                   // and all know the socket
			w.postTo(i, "/up", "K"+rawKey+",,0|\"ann\"\nC1,ledger.push|1")
		}
		err := instances[0].rt.Do(w.wait(), func(t *framework.Turn) error { return t.CloseUser("ann", "logged out") })
		if err != nil {
			w.Fatal(err)
		}
		for _, a := range anns {
			<-a.Done()
			if err := a.Err(); err == nil || !strings.Contains(err.Error(), "logged out") {
				w.Errorf("a client of the user: %v", err)
			}
		}
		for _, i := range instances {
			if _, text := w.postTo(i, "/up", "K"+rawKey+",,0|\"ann\"\nC2,ledger.push|2"); text != "z4011,1,logged out\n" {
				w.Errorf("a socket of the user that was not connected: %q", text)
			}
			if _, text := w.postTo(i, "/up", "K"+rawKey+",,0|\"ann\"\nW1,ledger.push|2"); text != "z4011,1,logged out\n" {
				w.Errorf("a volatile call of such a socket: %q", text)
			}
		}
		call[int](w, bob.Client, "ledger.add", 1)
	})
}

func TestCloseSession(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(2, ledger())
		var rec = httptest.NewRecorder()
		session := w.first().rt.Session(rec, httptest.NewRequestWithContext(w.Context(), http.MethodGet, "/", nil))
		mine := http.Header{"Cookie": {rec.Result().Cookies()[0].String()}}
		a, b, other := w.account(&client.Options{Header: mine}), w.account(&client.Options{Header: mine}), w.account(nil)
		err := w.any().rt.Do(w.wait(), func(t *framework.Turn) error { return t.CloseSession(session, "logged out") })
		if err != nil {
			w.Fatal(err)
		}
		<-a.Done()
		<-b.Done()
		call[int](w, other.Client, "ledger.add", 1)
	})
}

// A goodbye by POST ends the event stream beside it at once.
func TestGoodbyeEndsTheStreamBeside(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(2, ledger())
		r, err := http.Post(w.url+"/sse", "text/plain", strings.NewReader(`H{"v":1,"key":"`+rawKey+`","c":1}`))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		for _, i := range w.instances {
			w.postTo(i, "/up", "K"+rawKey+",,0\nB1")
		}
		text, err := io.ReadAll(r.Body) // until it ends
		if err != nil || !strings.Contains(string(text), "z4004,1,goodbye") {
			t.Errorf("the stream: %q, %v", text, err)
		}
	})
}

// An acknowledgement that the store did not take is said again.
func TestAcknowledgementIsSaidAgain(t *testing.T) {
	w := newWorld(t, "ws", "")
	w.run(1, ledger())
	a := w.account(nil)
	i := w.first()
	var acks []store.Cursor
	var mu sync.Mutex
	i.store.mu.Lock()
	i.store.before = func(turn store.Turn) error {
		mu.Lock()
		defer mu.Unlock()
		if turn.Cause.Socket == a.ID() && !turn.Ack.IsZero() {
			if acks = append(acks, turn.Ack); len(acks) == 1 {
				return store.ErrClosed // not taken
			}
		}
		return nil
	}
	i.store.mu.Unlock()
	for n := 1; n <= 100; n++ { // the client acknowledges now and then
		call[int](w, a.Client, "ledger.add", n)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(acks) < 2 {
		t.Errorf("acknowledgements told: %v", acks)
	}
}

// A connection asks for fresh credentials half a minute before its own run out, lives on with those that are said on it, or by a POST to any
// instance, and ends if there are none.
func TestConnectionsLiveAsLongAsTheirCredentials(t *testing.T) {
	for _, how := range []string{"on the connection", "by a POST elsewhere", "not at all"} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New(memory.Options{})
				defer m.Close()
				s := still{make(chan transports.Link, 1)}
				server := func() *framework.Server {
					rt, err := framework.New(framework.Config{
						Transports: []transports.Transport{s, longpoll.Transport{}}, Store: m, Services: []framework.Service{ledger()},
						Identify: identifyByName, Log: slog.New(slog.DiscardHandler),
					})
					if err != nil {
						t.Fatal(err)
					}
					return rt
				}
				rt, other := server(), server()
				token := func() string { return fmt.Sprintf(`"ann %d"`, time.Now().Add(5*time.Minute).UnixMilli()) }
				ctx, hangUp := context.WithCancel(t.Context())
				var held sync.WaitGroup
				held.Go(func() {
					hello := strings.NewReader(`H{"v":1,"key":"` + rawKey + `","c":1,"auth":` + token() + `}`)
					rt.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodPost, "/rt/still", hello))
				})
				l := <-s.links
				begun := time.Now()
				pulled(t, l) // the hello
				for n := 1; n <= 3; n++ {
					text := pulled(t, l)
					if at, want := time.Since(begun).Round(time.Second), time.Duration(n)*270*time.Second; text != "k30000" || at != want {
						t.Fatalf("time %d: after %v, %q; want k30000 after %v", n, at, text, want)
					}
					switch how {
					case "on the connection":
						if err := l.Push(ctx, []byte("T|"+token())); err != nil {
							t.Fatal(err)
						}
					case "by a POST elsewhere":
						rw := httptest.NewRecorder()
						other.ServeHTTP(rw, httptest.NewRequestWithContext(ctx, http.MethodPost, "/rt/up", strings.NewReader("K"+rawKey+",,0|"+token())))
						if rw.Code != http.StatusOK {
							t.Fatalf("%d %q", rw.Code, rw.Body)
						}
					default:
						frames, err := l.Pull(ctx)
						if at := time.Since(begun).Round(time.Second); err != io.EOF || len(frames) != 1 || !strings.HasPrefix(string(frames[0]), "z4014,") || at != 300*time.Second {
							t.Errorf("after %v: %q, %v", at, frames, err)
						}
						n = 9
					}
				}
				hangUp()
				held.Wait()
				rt.Close()
				other.Close()
			})
		})
	}
}

// What is said anew on a connection is what anybody has to say: credentials that were withdrawn, or another's, end it.
func TestCredentialsSaidAnewAreLookedAt(t *testing.T) {
	for auth, want := range map[string]protocol.Code{"ann": 0, "revoked": protocol.CodeDenied, "eve": protocol.CodeUserChanged, "ann 1000": protocol.CodeExpired} {
		s := still{make(chan transports.Link, 1)}
		rt, err := framework.New(framework.Config{
			Transports: []transports.Transport{s}, Services: []framework.Service{ledger()}, Identify: identifyByName, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, hangUp := context.WithCancel(t.Context())
		var held sync.WaitGroup
		held.Go(func() {
			hello := strings.NewReader(`H{"v":1,"key":"` + rawKey + `","c":1,"auth":"ann"}`)
			rt.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodPost, "/rt/still", hello))
		})
		l := <-s.links
		var code protocol.Code
		if err := l.Push(ctx, []byte(`T|"`+auth+`"`)); err != nil {
			code = protocol.CloseOf(err).Code
		}
		if code != want {
			t.Errorf("%q: %v, want %v", auth, code, want)
		}
		hangUp()
		held.Wait()
		rt.Close()
	}
}

// After a log-out no volatile call runs either, on an instance that knows the socket and has not been told: within a second.
func TestLogOutReachesVolatileCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New(memory.Options{})
		defer m.Close()
		var runs atomic.Int32
		look := framework.Service{Name: "quick", Methods: framework.Methods{
			"look": framework.Call(func(*framework.Turn, any) (int32, error) { return runs.Add(1), nil }).Volatile(),
		}}
		server := func() *framework.Server {
			rt, err := framework.New(framework.Config{
				Transports: []transports.Transport{longpoll.Transport{}}, Store: m, Services: []framework.Service{look}, Identify: identifyByName,
				Log: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				t.Fatal(err)
			}
			return rt
		}
		one, other := server(), server()
		defer one.Close()
		defer other.Close()
		say := func(rt *framework.Server, path, body string) string {
			rw := httptest.NewRecorder()
			rt.ServeHTTP(rw, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/rt"+path, strings.NewReader(body)))
			return rw.Body.String()
		}
		say(one, "/lp", `H{"v":1,"key":"`+rawKey+`","c":1,"auth":"ann"}`)
		if text := say(other, "/up", "K"+rawKey+",,0|\"ann\"\nW1,quick.look"); text != "v1|1\n" {
			t.Fatalf("before: %q", text)
		}
		if err := one.Do(t.Context(), func(t *framework.Turn) error { return t.CloseUser("ann", "logged out") }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1100 * time.Millisecond)
		if text := say(other, "/up", "K"+rawKey+",,0|\"ann\"\nW2,quick.look"); !strings.HasPrefix(text, "z4011,") || runs.Load() != 1 {
			t.Errorf("after: %q, %d runs", text, runs.Load())
		}
	})
}
