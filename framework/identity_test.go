package framework_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
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
	"github.com/sojourn-go/sojourn/transports"
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

func TestIdentify(t *testing.T) {
	everywhere(t, func(w *world) {
		w.cfg.Identify = func(r *http.Request) (framework.User, error) {
			name, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			if !ok {
				return framework.User{}, framework.Errorf(framework.CodeDenied, "who are you?")
			}
			return framework.User{ID: name, Name: strings.ToUpper(name), Data: map[string]string{"role": "guest"}}, nil
		}
		w.run(2, framework.Service{Name: "who", Methods: framework.Methods{
			"ami": framework.Call(func(t *framework.Turn, _ any) (framework.User, error) { return t.User(), nil }),
		}})
		a := w.dial(&client.Options{Auth: client.Token("ann")})
		w.cut()
		if u := call[framework.User](w, a, "who.ami", nil); u.ID != "ann" || u.Name != "ANN" || u.Data["role"] != "guest" {
			t.Errorf("the user is %+v", u)
		}
		_, err := client.Dial(w.wait(), w.url, &client.Options{Transports: []string{w.transport}})
		var end *protocol.Close
		if !errors.As(err, &end) || end.Code != protocol.CodeDenied || end.Why != "who are you?" {
			t.Errorf("a client without a name is told %v", err)
		}
	})
}

func TestAnotherUserEndsTheSocket(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.cfg.Identify = func(r *http.Request) (framework.User, error) {
			return framework.User{ID: r.Header.Get("Authorization")}, nil
		}
		w.run(2, ledger())
		w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":1,"auth":"ann"}`)
		if _, text := w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":2,"cur":"0.","auth":"eve"}`); !strings.HasPrefix(text, "z4012,0,") {
			t.Errorf("another user is told %q", text)
		}
		if _, text := w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":3,"cur":"0.","auth":"ann"}`); !strings.HasPrefix(text, "z4012,0,") {
			t.Errorf("the first user, afterwards, is told %q", text)
		}
	})
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
		looked := time.After(15 * time.Second) // by then connections have not looked at the store by themselves
		for _, a := range anns {
			select {
			case <-a.Done():
			case <-looked:
				w.Fatal("a connection was not told")
			}
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

// A connection asks for fresh credentials half a minute before its own run out, lives on with those that are said on it, or by a POST to any
// instance, and ends if there are none.
func TestConnectionsLiveAsLongAsTheirCredentials(t *testing.T) {
	token := func() string { return fmt.Sprintf(`"ann %d"`, time.Now().Add(5*time.Minute).UnixMilli()) }
	for how, renew := range map[string]func(b *bubble, l transports.Link, other *framework.Server){
		"on the connection": func(b *bubble, l transports.Link, _ *framework.Server) { b.push(l, "T|"+token()) },
		"by a POST elsewhere": func(b *bubble, _ transports.Link, other *framework.Server) {
			if text := b.say(other, "/up", "K"+keyOf(1)+",,0|"+token()); text != "" {
				b.Fatalf("the POST: %q", text)
			}
		},
		"not at all": nil,
	} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBubble(t)
				b.cfg.Identify = identifyByName
				rt, other := b.start(), b.start()
				l := b.connect(rt, hello(1, `,"auth":`+token()))
				begun := time.Now()
				passed := func() time.Duration { return time.Since(begun).Round(time.Second) }
				b.pull(l) // the hello
				for n := 1; n <= 3; n++ {
					if text, want := b.pull(l), time.Duration(n)*270*time.Second; text != "k30000" || passed() != want {
						t.Fatalf("time %d: after %v, %q; want k30000 after %v", n, passed(), text, want)
					}
					if renew == nil {
						break
					}
					renew(b, l, other)
				}
				if renew != nil {
					return
				}
				frames, err := l.Pull(t.Context())
				if err != io.EOF || len(frames) != 1 || !strings.HasPrefix(string(frames[0]), "z4014,") || passed() != 300*time.Second {
					t.Errorf("after %v: %q, %v", passed(), frames, err)
				}
			})
		})
	}
}

// What is said anew on a connection is what anybody has to say: credentials that were withdrawn, or another's, end it.
func TestCredentialsSaidAnewAreLookedAt(t *testing.T) {
	b := newBubble(t)
	b.cfg.Identify = identifyByName
	rt := b.start()
	n := 0
	for auth, want := range map[string]protocol.Code{"ann": 0, "revoked": protocol.CodeDenied, "eve": protocol.CodeUserChanged, "ann 1000": protocol.CodeExpired} {
		n++
		var code protocol.Code
		if err := b.connect(rt, hello(n, `,"auth":"ann"`)).Push(t.Context(), []byte(`T|"`+auth+`"`)); err != nil {
			code = protocol.CloseOf(err).Code
		}
		if code != want {
			t.Errorf("%q: %v, want %v", auth, code, want)
		}
	}
}

// After a log-out no volatile call runs either, on an instance that knows the socket and has not been told: within a second.
func TestLogOutReachesVolatileCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		runs := 0
		b.cfg.Identify = identifyByName
		b.cfg.Services = []framework.Service{{Name: "quick", Methods: framework.Methods{
			"look": framework.Call(func(*framework.Turn, any) (int, error) { runs++; return runs, nil }).Volatile(),
		}}}
		one, other := b.start(), b.start()
		b.say(one, "/lp", hello(1, `,"auth":"ann"`))
		if text := b.say(other, "/up", "K"+keyOf(1)+",,0|\"ann\"\nW1,quick.look"); text != "v1|1\n" {
			t.Fatalf("before: %q", text)
		}
		b.do(one, func(t *framework.Turn) error { return t.CloseUser("ann", "logged out") })
		time.Sleep(1100 * time.Millisecond)
		if text := b.say(other, "/up", "K"+keyOf(1)+",,0|\"ann\"\nW2,quick.look"); !strings.HasPrefix(text, "z4011,") || runs != 1 {
			t.Errorf("after: %q, %d runs", text, runs)
		}
	})
}

// A connection that another instance holds ends in the moment of the log-out: nobody looks by and by.
func TestLogOutIsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		b.cfg.Identify = identifyByName
		one, other := b.start(), b.start()
		l := b.connect(other, hello(1, `,"auth":"ann"`))
		b.pull(l)
		began := time.Now()
		b.do(one, func(t *framework.Turn) error { return t.CloseUser("ann", "logged out") })
		frames, err := l.Pull(t.Context())
		if took := time.Since(began); !errors.Is(err, io.EOF) || !bytes.HasPrefix(bytes.Join(frames, nil), []byte("z4011,")) || took > 0 {
			t.Errorf("after %v: %q, %v", took, frames, err)
		}
	})
}
