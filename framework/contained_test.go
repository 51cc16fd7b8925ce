package framework_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
)

// What a service can never do is said when the server is made, and nothing panics over it.
func TestNewSaysWhatCannotWork(t *testing.T) {
	type order struct{ Done chan int }
	take := func(*framework.Turn, order) error { return nil }
	answer := func(*framework.Turn, any) (func(), error) { return nil, nil }
	middleware := []framework.Middleware{nil}
	for want, s := range map[string]framework.Service{
		`what method "m" takes is a framework_test.order, which cannot be JSON: framework_test.order.Done is a chan int`: {
			Methods: framework.Methods{"m": framework.Event(take)}},
		`what method "m" answers is a func(), which cannot be JSON: that is a func`: {
			Methods: framework.Methods{"m": framework.Call(answer)}},
		`what client method "m" takes is a []complex128, which cannot be JSON: []complex128[] is a complex128`: {
			Client: framework.ClientMethods{"m": framework.Notice[[]complex128]()}},
		`what client method "m" answers is a map[bool]int, which cannot be JSON: that is a map`: {
			Client: framework.ClientMethods{"m": framework.Question[int, map[bool]int]()}},
		`what topic "t" holds is a chan int, which cannot be JSON: that is a chan`: {
			Topics: []framework.Stream{&framework.Topic[chan int]{Name: "t", Subscribe: framework.Anyone}}},
		`what topic "s" holds is a *framework_test.order, which cannot be JSON: *framework_test.order.Done is a chan int`: {
			Topics: []framework.Stream{&framework.State[*order]{Name: "s", Subscribe: framework.Anyone}}},
		`a nil in Topics`:        {Topics: []framework.Stream{(*framework.Topic[int])(nil)}},
		`a nil in Continuations`: {Continuations: []framework.Continuation{(*framework.Timed[int])(nil)}},
		`a nil in Middleware`:    {Middleware: middleware, Methods: framework.Methods{"m": framework.Event(func(*framework.Turn, int) error { return nil })}},
		`continuation "c" has no function: make it with framework.Then or framework.Timer`: {
			Continuations: []framework.Continuation{framework.Then[int, int]("c", nil)}},
		`continuation "d" has no function`: {
			Continuations: []framework.Continuation{framework.Timer[int]("d", nil)}},
		`topic "a b": the name is not a letter, then letters, digits and underscores`: {
			Topics: []framework.Stream{&framework.Topic[int]{Name: "a b", Subscribe: framework.Anyone}}},
	} {
		s.Name = "shop"
		_, err := framework.New(framework.Config{Services: []framework.Service{s}})
		if err == nil || !strings.Contains(err.Error(), `service "shop": `+want) {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
	if _, err := framework.New(framework.Config{Middleware: middleware}); err == nil || !strings.Contains(err.Error(), "a nil in Config.Middleware") {
		t.Errorf("the error is %v", err)
	}
}

// A service with a codec of its own may have what encoding/json has not; its topics may not.
func TestCodecDecidesWhatCanBeWritten(t *testing.T) {
	rt, err := framework.New(framework.Config{Services: []framework.Service{{Name: "shop", Codec: deafCodec{}, Methods: framework.Methods{
		"sum": framework.Call(func(_ *framework.Turn, c complex128) (complex128, error) { return c, nil }),
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	rt.Close()
}

// deafCodec writes and reads nothing.
type deafCodec struct{}

func (deafCodec) Marshal(any) ([]byte, error) { return nil, nil }
func (deafCodec) Unmarshal([]byte, any) error { return nil }

var (
	unlisted = &framework.Topic[int]{Name: "unlisted", Subscribe: framework.Anyone}
	shelf    = &framework.Topic[any]{Name: "shelf", Subscribe: func(t *framework.Turn, key string) error {
		if key == "panics" {
			panic("on purpose")
		}
		return nil
	}}
	stock   = &framework.State[any]{Name: "stock", Subscribe: framework.Anyone}
	archive = &framework.State[any]{Name: "archive", Subscribe: framework.Anyone, Load: func(context.Context, string) (any, error) { panic("on purpose") }}
	fuse    = framework.Timer("fuse", func(*framework.Turn, int) error { panic("on purpose") })
	heard   = framework.Then("heard", func(*framework.Turn, int, string, error) error { return nil })
)

// clumsy is a service that does everything wrong; release ends what blocks for ever.
func clumsy(release <-chan struct{}) framework.Service {
	do := func(f func(*framework.Turn) error) framework.Method {
		return framework.Event(func(t *framework.Turn, _ any) error { return f(t) })
	}
	var none map[string]int
	return framework.Service{
		Name: "clumsy",
		Methods: framework.Methods{
			"ok":      do(func(*framework.Turn) error { return nil }),
			"panics":  do(func(*framework.Turn) error { none["x"]++; return nil }),
			"waits":   do(func(t *framework.Turn) error { <-t.Done(); return t.Err() }),
			"blocks":  do(func(*framework.Turn) error { <-release; return nil }),
			"answers": framework.Call(func(*framework.Turn, any) (any, error) { return math.NaN(), nil }),
			"tells":   do(func(t *framework.Turn) error { return t.Send(t.Socket(), "clumsy.x", make(chan int)) }),
			"shelves": do(func(t *framework.Turn) error { return shelf.Publish(t, "x", func() {}) }),
			"stocks": do(func(t *framework.Turn) error {
				return stock.Update(t, "x", func(v *any) error { *v = math.Inf(1); return nil })
			}),
			"searches": do(func(t *framework.Turn) error { _, err := archive.Get(t, "x"); return err }),
			"barred":   do(func(*framework.Turn) error { return nil }),
			"strays":   do(func(t *framework.Turn) error { return unlisted.Publish(t, "x", 1) }),
			"lights":   do(func(t *framework.Turn) error { _, err := t.After(time.Second, fuse.With(1)); return err }),
			"floods": do(func(t *framework.Turn) error {
				for n := 0; ; n++ {
					if err := t.Send(t.Socket(), "clumsy.x", n); err != nil {
						return err
					}
				}
			}),
		},
		Topics:        []framework.Stream{shelf, stock, archive},
		Continuations: []framework.Continuation{fuse},
		Middleware: []framework.Middleware{func(next framework.Handler) framework.Handler {
			return func(t *framework.Turn) (any, error) {
				if t.Method() == "clumsy.barred" {
					panic("on purpose")
				}
				return next(t)
			}
		}},
		Connect: func(t *framework.Turn) error {
			if t.User().ID == "eve" {
				panic("on purpose")
			}
			return nil
		},
		Away:    func(*framework.Turn) error { panic("on purpose") },
		Goodbye: func(*framework.Turn) error { panic("on purpose") },
	}
}

// mumbling is a service whose codec panics now and then.
func mumbling() framework.Service {
	return framework.Service{
		Name: "mumbling", Codec: mumble{}, Continuations: []framework.Continuation{heard},
		Methods: framework.Methods{
			"reads":  framework.Event(func(*framework.Turn, string) error { return nil }),
			"writes": framework.Call(func(*framework.Turn, any) (string, error) { return "panic", nil }),
			"tells":  framework.Event(func(t *framework.Turn, _ any) error { return t.Send(t.Socket(), "mumbling.x", "panic") }),
			"asks": framework.Event(func(t *framework.Turn, _ any) error {
				return t.Ask(t.Socket(), "mumbling.asked", "what", heard.With(1), 0)
			}),
		},
	}
}

// mumble is a codec of texts, which panics when it is to write panic, and when it is to read that into a text.
type mumble struct{}

func (mumble) Marshal(v any) ([]byte, error) {
	if v == "panic" {
		panic("on purpose")
	}
	return fmt.Append(nil, v), nil
}

func (mumble) Unmarshal(data []byte, v any) error {
	if _, ok := v.(*string); ok && string(data) == "panic" {
		panic("on purpose")
	}
	return nil
}

// Whatever a service does wrong, its caller is told, and nobody else has anything of it.
func TestFailuresOfAServiceAreContained(t *testing.T) {
	for method, code := range map[string]string{
		"clumsy.panics": framework.CodeInternal, "clumsy.waits": framework.CodeTimeout, "clumsy.answers": framework.CodeInternal,
		"clumsy.tells": framework.CodeInternal, "clumsy.shelves": framework.CodeInternal, "clumsy.stocks": framework.CodeInternal,
		"clumsy.strays": framework.CodeInternal, "clumsy.floods": framework.CodeInternal, "clumsy.searches": framework.CodeInternal,
		"clumsy.barred": framework.CodeInternal, "mumbling.reads": framework.CodeInternal, "mumbling.writes": framework.CodeInternal,
		"mumbling.tells": framework.CodeInternal,
	} {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ann, bob, _ := clumsyShop(t, nil)
				told := frameworktest.Events[int](ann, "clumsy.x")
				var in any
				if strings.HasPrefix(method, "mumbling.") {
					in = []byte("panic")
				}
				call := ann.Send(method, in)
				bob.Call("clumsy.ok", nil, nil) // at the same time
				if err := call.Wait(t.Context(), nil); client.CodeOf(err) != code {
					t.Errorf("ann is told %v, want an error %q", err, code)
				}
				ann.Call("clumsy.ok", nil, nil)
				told.None()
			})
		})
	}
}

func clumsyShop(t *testing.T, log *slog.Logger) (ann, bob *frameworktest.Client, rt *frameworktest.Program) {
	release := make(chan struct{})
	rt = frameworktest.New(t, framework.Config{
		Services: []framework.Service{clumsy(release), mumbling()}, TurnTime: 5 * time.Second, Log: log,
	})
	t.Cleanup(func() { close(release) })
	return rt.Connect(framework.User{ID: "ann"}), rt.Connect(framework.User{ID: "bob"}), rt
}

// A handler that does not even return when its turn is over holds up its own client, and nobody else.
func TestBlockedHandlerHoldsUpItsClientAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ann, bob, rt := clumsyShop(t, nil)
		blocked := ann.Send("clumsy.blocks", nil)
		time.Sleep(time.Minute)
		bob.Call("clumsy.ok", nil, nil)
		rt.Connect(framework.User{ID: "ann"}).Call("clumsy.ok", nil, nil) // her other tab
		select {
		case <-blocked.Done():
			t.Error("what still runs has come to something")
		default:
		}
	})
}

// So it is with what no client has called: hooks, rules of topics, states that are loaded, answers, timers. The log says of each that it panicked.
func TestFailuresOfHooksAreContained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newRecorder()
		ann, bob, rt := clumsyShop(t, slog.New(slog.NewTextHandler(log, nil)))
		for _, topic := range []string{"shelf/panics", "archive/x"} {
			if _, err := ann.Subscribe(t.Context(), topic, func(client.Entry) {}); client.CodeOf(err) != framework.CodeInternal {
				t.Errorf("%s, of which the rule panics, or the loading: %v", topic, err)
			}
		}
		if c, err := rt.Dial(client.Options{Auth: rt.Auth(framework.User{ID: "eve"}), Reconnect: client.Reconnect{Attempts: 1}}); err == nil {
			c.Abandon()
			t.Error("a Connect hook that panics lets eve in")
		}
		ann.Handle("mumbling.asked", client.Question(func(context.Context, []byte) ([]byte, error) { return []byte("panic"), nil }))
		ann.Call("mumbling.asks", nil, nil)
		ann.Call("clumsy.lights", nil, nil)
		rt.Connect(framework.User{ID: "ann"}).Abandon() // a tab that crashes
		time.Sleep(time.Minute)
		ann.Call("clumsy.ok", nil, nil)
		if err := ann.Close(t.Context()); err != nil {
			t.Errorf("a Goodbye hook that panics keeps ann: %v", err)
		}
		bob.Call("clumsy.ok", nil, nil)
		for _, what := range []string{
			"topic=shelf/panics", "topic=archive/x", "continuation=heard", "continuation=fuse",
			"hook=connect service=clumsy", "hook=away service=clumsy", "hook=goodbye service=clumsy",
		} {
			if n := strings.Count(log.String(), what+` error="panic: on purpose`); n != 1 {
				t.Errorf("%d lines in the log of a panic of %s, want 1", n, what)
			}
		}
	})
}
