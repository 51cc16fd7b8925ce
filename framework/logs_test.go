package framework_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sojourn-go/sojourn/framework"
)

// What strangers can bring about is logged once a second, however often they do.
func TestStrangersFillNoLog(t *testing.T) {
	for want, bring := range map[string]func(b *bubble, m *mortal, rt *framework.Server){
		"a client was refused": func(b *bubble, _ *mortal, rt *framework.Server) { b.say(rt, "/lp", hello(1, `,"auth":"nobody"`)) },
		"not ready": func(b *bubble, m *mortal, rt *framework.Server) {
			m.outage.Store(true)
			b.say(rt, "/ready", "")
		},
		"the store does not answer": func(b *bubble, m *mortal, rt *framework.Server) {
			m.outage.Store(true)
			b.say(rt, "/up", "K"+keyOf(1)+",,0|\"ann\"\nC1,ledger.push|1")
		},
	} {
		t.Run(want, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBubble(t)
				var log strings.Builder
				b.cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
				b.cfg.Identify = func(r *http.Request) (framework.User, error) {
					if strings.HasSuffix(r.Header.Get("Authorization"), "nobody") {
						return framework.User{}, errors.New("nobody")
					}
					return framework.User{}, nil
				}
				m := b.mortal()
				rt := b.start()
				for range 100 {
					bring(b, m, rt)
				}
				if n := strings.Count(log.String(), want); n != 1 {
					t.Errorf("%d lines in the log:\n%.1000s", n, log.String())
				}
			})
		})
	}
}

// Who asks for a turn and goes away is told so, if he still listens. The log does not blame the store, or the program, for it.
func TestCallersThatGoAwayFillNoLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		var log strings.Builder
		b.cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
		rt := b.start()
		ctx, leave := context.WithCancel(t.Context())
		err := rt.Do(ctx, func(t *framework.Turn) error {
			leave()
			_, err := visits.Get(t, "x")
			return err
		})
		if !errors.Is(err, context.Canceled) || log.Len() > 0 {
			t.Errorf("Do returns %v, and the log has %q", err, log.String())
		}
	})
}
