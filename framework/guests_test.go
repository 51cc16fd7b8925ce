package framework_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/transports"
)

// host is what a transport that has guests asks of its switchboard.
type host interface {
	Store() store.Store
	Admit(*http.Request) error
	Drained() <-chan struct{}
}

// foreign is a transport that keeps guests in its switchboard's store.
type foreign struct{ of *host }

func (foreign) Name() string   { return "foreign" }
func (foreign) Script() []byte { return nil }
func (f foreign) Endpoints(sb transports.Switchboard) map[string]http.Handler {
	*f.of = sb.(host)
	return nil
}

// inForeign runs a test of a server that counts goodbyes and has a transport with guests.
func inForeign(t *testing.T, cfg framework.Config, test func(t *testing.T, rt *framework.Server, of host, goodbyes *int)) {
	synctest.Test(t, func(t *testing.T) {
		var of host
		goodbyes := 0
		cfg.Transports = []transports.Transport{foreign{&of}}
		cfg.Services = []framework.Service{{Name: "one", Goodbye: func(*framework.Turn) error { goodbyes++; return nil }}}
		rt, err := framework.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer rt.Close()
		test(t, rt, of, &goodbyes)
	})
}

// What is no socket of the program's ends without it, and leaves nothing.
func TestGuestsHaveNoGoodbye(t *testing.T) {
	inForeign(t, framework.Config{}, func(t *testing.T, rt *framework.Server, of host, goodbyes *int) {
		for _, id := range []string{"~guest", "own"} {
			_, err := of.Store().Commit(t.Context(), store.Turn{
				Cause: store.Cause{Socket: id}, Attempt: "a", Effects: []store.Effect{store.Open{Secret: "s", TTL: time.Second}},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * time.Second)
		if n, err := rt.Sweep(t.Context()); n != 2 || err != nil {
			t.Errorf("%d were swept, %v", n, err)
		}
		if *goodbyes != 1 {
			t.Errorf("%d goodbyes, want one for the socket and none for the guest", *goodbyes)
		}
		time.Sleep(time.Second)
		replies, err := of.Store().Read(t.Context(), []store.Query{{Socket: "~guest"}, {Socket: "own"}})
		if err != nil || replies[0].Sock.ID != "" || !replies[1].Sock.Ended {
			t.Errorf("there is left %+v, %v", replies, err)
		}
	})
}

func TestI7GuestsOfAnAddress(t *testing.T) {
	cfg := framework.Config{
		Address: func(*http.Request) string { return "one" },
		Limits:  framework.Limits{SocketsPerAddress: 3, OpensPerAddress: 1},
	}
	inForeign(t, cfg, func(t *testing.T, rt *framework.Server, of host, _ *int) {
		admitted := func() (n int) {
			for n < 100 {
				err := of.Admit(&http.Request{})
				if err != nil {
					if protocol.CloseOf(err).Code != protocol.CodeCrowded {
						t.Error(err)
					}
					return n
				}
				n++
			}
			return n
		}
		if n := admitted(); n != 3 {
			t.Errorf("%d guests were admitted at once, want 3", n)
		}
		time.Sleep(2 * time.Second)
		if n := admitted(); n != 2 {
			t.Errorf("%d guests were admitted after 2 s, want 2", n)
		}
	})
}

func TestGuestsAreToldOfADrain(t *testing.T) {
	inForeign(t, framework.Config{}, func(t *testing.T, rt *framework.Server, of host, _ *int) {
		select {
		case <-of.Drained():
			t.Error("it is drained already")
		default:
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := rt.Drain(ctx); err != nil {
			t.Error(err)
		}
		<-of.Drained()
		if err := of.Admit(&http.Request{}); err == nil || protocol.CloseOf(err).Code != protocol.CodeUnavailable {
			t.Errorf("a guest was admitted to an instance that is being shut down: %v", err)
		}
	})
}
