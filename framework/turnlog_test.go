package framework_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
)

// What a handler logs, and that it failed, says which of the program's it was, in which turn, and whose.
func TestLogsSayWhichTurn(t *testing.T) {
	type (
		attrs = map[string]any // of a line, but for the turn's id, its socket and user
		bring = func(context.Context, *frameworktest.Program, *frameworktest.Client)
	)
	w := &witness{}
	call := func(method string) bring {
		return func(ctx context.Context, _ *frameworktest.Program, c *frameworktest.Client) {
			_ = c.Client.Call(ctx, method, nil, nil)
		}
	}
	for kind, row := range map[string]struct {
		user  string // whose hooks fail: the one of this name
		bring bring
		want  attrs
	}{
		"call":                 {"ann", call("witness.call"), attrs{"service": "witness", "method": "witness.call"}},
		"answer":               {"ann", call("witness.asks"), attrs{"service": "witness", "continuation": "answered"}},
		"timer":                {"ann", call("witness.waits"), attrs{"service": "witness", "continuation": "rings"}},
		"timer that overfills": {"ann", call("witness.fills"), attrs{"service": "witness", "continuation": "overfills"}},
		"volatile call": {"ann", func(ctx context.Context, _ *frameworktest.Program, c *frameworktest.Client) {
			_ = c.Volatile(ctx, "witness.blurts", nil, nil)
		}, attrs{"service": "witness", "method": "witness.blurts"}},
		"subscription": {"ann", func(ctx context.Context, _ *frameworktest.Program, c *frameworktest.Client) {
			_, _ = c.Subscribe(ctx, "room/lobby", func(client.Entry) {})
		}, attrs{"service": "witness", "topic": "room/lobby"}},
		"the program's own": {"ann", func(ctx context.Context, rt *frameworktest.Program, _ *frameworktest.Client) {
			_ = rt.Server().Do(ctx, w.fail)
		}, attrs{}},
		"connect": {"connect", nil, attrs{"service": "witness", "hook": "connect"}},
		"away": {"away", func(_ context.Context, _ *frameworktest.Program, c *frameworktest.Client) {
			c.Abandon()
		}, attrs{"service": "witness", "hook": "away"}},
		"goodbye": {"goodbye", func(ctx context.Context, _ *frameworktest.Program, c *frameworktest.Client) {
			_ = c.Close(ctx)
		}, attrs{"service": "witness", "hook": "goodbye"}},
		"goodbye of who went without": {"goodbye", func(_ context.Context, rt *frameworktest.Program, c *frameworktest.Client) {
			rt.Connect(framework.User{}) // somebody must be there
			c.Abandon()
		}, attrs{"service": "witness", "hook": "goodbye"}},
	} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := newRecorder()
				rt := frameworktest.New(t, framework.Config{
					Services: []framework.Service{bystander("before"), w.service(), bystander("after")}, Log: slog.New(slog.NewJSONHandler(log, nil)),
				})
				c, err := rt.Dial(client.Options{
					Auth:      rt.Auth(framework.User{ID: row.user}),
					Reconnect: client.Reconnect{Attempts: 1},
					Handlers: map[string]client.Handler{
						"witness.asked": client.Question(func(context.Context, int) (int, error) { return 1, nil }),
					},
				})
				if err == nil {
					row.bring(t.Context(), rt, c)
				}
				time.Sleep(3 * time.Minute)
				synctest.Wait()
				want := maps.Clone(row.want)
				maps.Copy(want, w.seen)
				if got := saidOfTurns(t, log.String()); !reflect.DeepEqual(got, []attrs{want, want}) {
					t.Errorf("the handler's line and that it failed have %v, want twice %v in\n%s", got, want, log)
				}
			})
		})
	}
}

// saidOfTurns returns what lines of a witness, and of failed turns, say of the turn.
func saidOfTurns(t *testing.T, log string) (said []map[string]any) {
	for line := range strings.Lines(log) {
		var attrs map[string]any
		if err := json.Unmarshal([]byte(line), &attrs); err != nil {
			t.Fatal(err)
		}
		switch attrs[slog.MessageKey] {
		case "here", "the turn failed", "the volatile turn failed":
			for _, other := range []string{slog.TimeKey, slog.LevelKey, slog.MessageKey, "error"} {
				delete(attrs, other)
			}
			said = append(said, attrs)
		}
	}
	return said
}

// witness is a service of which everything logs that it is here, and fails.
type witness struct {
	seen map[string]any // the last turn that was here, and whose it was
}

func (w *witness) log(t *framework.Turn) {
	w.seen = map[string]any{"turn": t.ID()}
	if t.Socket() != "" {
		w.seen["socket"], w.seen["user"] = t.Socket(), t.User().ID
	}
	t.Log().Info("here")
}

func (w *witness) fail(t *framework.Turn) error {
	w.log(t)
	return errors.New("on purpose")
}

// failIf is a hook that fails for the user of this name.
func (w *witness) failIf(user string) func(*framework.Turn) error {
	return func(t *framework.Turn) error {
		if t.User().ID == user {
			return w.fail(t)
		}
		return nil
	}
}

func (w *witness) service() framework.Service {
	do := func(f func(*framework.Turn) error) framework.Method {
		return framework.Event(func(t *framework.Turn, _ any) error { return f(t) })
	}
	after := func(timer *framework.Timed[int]) framework.Method {
		return do(func(t *framework.Turn) error { _, err := t.After(time.Second, timer.With(1)); return err })
	}
	room := &framework.Topic[int]{Name: "room", Subscribe: func(t *framework.Turn, _ string) error { return w.fail(t) }}
	box := &framework.Map[int]{Name: "box", Subscribe: framework.Nobody, Max: 1}
	rings := framework.Timer("rings", func(t *framework.Turn, _ int) error { return w.fail(t) })
	overfills := framework.Timer("overfills", func(t *framework.Turn, _ int) error {
		w.log(t)
		set := func(n *int) error { *n = 1; return nil }
		return errors.Join(box.Update(t, "x", "a", set), box.Update(t, "x", "b", set))
	})
	answered := framework.Then("answered", func(t *framework.Turn, _, _ int, _ error) error { return w.fail(t) })
	return framework.Service{
		Name: "witness",
		Methods: framework.Methods{
			"call": do(w.fail), "blurts": do(w.fail).Volatile(), "waits": after(rings), "fills": after(overfills),
			"asks": do(func(t *framework.Turn) error { return t.Ask(t.Socket(), "witness.asked", 1, answered.With(1), 0) }),
		},
		Topics:        []framework.Stream{room, box},
		Continuations: []framework.Continuation{rings, overfills, answered},
		Connect:       w.failIf("connect"), Away: w.failIf("away"), Goodbye: w.failIf("goodbye"),
	}
}

// bystander is a service with hooks that do nothing.
func bystander(name string) framework.Service {
	nothing := func(*framework.Turn) error { return nil }
	return framework.Service{Name: name, Connect: nothing, Away: nothing, Goodbye: nothing}
}
