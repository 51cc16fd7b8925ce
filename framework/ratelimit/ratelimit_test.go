package ratelimit_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
	"github.com/sojourn-go/sojourn/framework/ratelimit"
	"github.com/sojourn-go/sojourn/internal/redistest"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/store/redis"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noted = &framework.State[int]{Name: "noted", Subscribe: framework.Nobody}

// limited is a service of which each call is counted.
func limited(o ratelimit.Options) framework.Service {
	return framework.Service{
		Name: "s", Topics: []framework.Stream{noted}, Middleware: []framework.Middleware{ratelimit.New(o)},
		Methods: framework.Methods{
			"note": framework.Event(func(t *framework.Turn, _ any) error {
				return noted.Update(t, "all", func(n *int) error { *n++; return nil })
			}),
			"fail":  framework.Event(func(*framework.Turn, any) error { return framework.Errorf("wrong", "not that password") }),
			"panic": framework.Event(func(*framework.Turn, any) error { panic("on purpose") }),
			"quick": framework.Event(func(*framework.Turn, any) error { return nil }).Volatile(),
		},
	}
}

func code(err error) string {
	if e, ok := errors.AsType[*client.Error](err); ok {
		return e.Code
	}
	return ""
}

// hourly lets so many calls through, and for an hour no more.
func hourly(burst int) ratelimit.Options { return ratelimit.Options{Rate: 1.0 / 3600, Burst: burst} }

var ann = framework.User{ID: "ann"}

// Three servers on one store let through together what one would.
func TestServersShareALimit(t *testing.T) {
	for name, open := range map[string]func(*testing.T) func() store.Store{
		"memory": func(t *testing.T) func() store.Store {
			m := memory.New(memory.Options{})
			t.Cleanup(func() { m.Close() })
			return func() store.Store { return m }
		},
		"redis": func(t *testing.T) func() store.Store {
			url := redistest.Start(t)
			return func() store.Store {
				s, err := redis.Open(t.Context(), url, redis.Options{})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { s.Close() })
				return s
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			another := open(t)
			const burst, each = 20, 15
			var pending []*client.Pending
			for range 3 {
				p := frameworktest.New(t, framework.Config{Store: another(), Services: []framework.Service{limited(hourly(burst))}})
				c := p.Connect(ann)
				for range each {
					pending = append(pending, c.Send("s.note", nil))
				}
			}
			passed, busy := 0, 0 // busy: had no effect, and counts for nothing
			for _, p := range pending {
				switch err := p.Wait(t.Context(), nil); code(err) {
				case "":
					passed++
				case "busy":
					busy++
				case framework.CodeRateLimited:
				default:
					t.Error(err)
				}
			}
			if passed > burst || passed < burst-busy {
				t.Errorf("%d calls got through, of %d that may, and %d in each other's way", passed, burst, busy)
			}
		})
	}
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := frameworktest.New(t, framework.Config{Services: []framework.Service{limited(ratelimit.Options{Rate: 2, Burst: 3})}})
		c := rt.Connect(ann)
		for range 3 {
			c.Call("s.note", nil, nil)
		}
		err := c.Client.Call(t.Context(), "s.note", nil, nil)
		if code(err) != framework.CodeRateLimited || !strings.Contains(err.Error(), "the next one in") {
			t.Errorf("the fourth: %v", err)
		}
		time.Sleep(time.Second)
		c.Call("s.note", nil, nil)
		c.Call("s.note", nil, nil)
		c.Fails("s.note", nil, framework.CodeRateLimited)
		time.Sleep(time.Hour) // it gains no more than it holds
		for range 3 {
			c.Call("s.note", nil, nil)
		}
		c.Fails("s.note", nil, framework.CodeRateLimited)
		rt.Do(func(turn *framework.Turn) error {
			n, err := noted.Get(turn, "all")
			if n != 8 {
				t.Errorf("%d calls took effect, want 8", n)
			}
			return err
		})
	})
}

// Calls that fail count; those that run twice, or whose instance is killed, count once.
func TestWhatCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := frameworktest.New(t, framework.Config{Services: []framework.Service{limited(hourly(6))}})
		rt.Twice()
		c := rt.Connect(ann)
		c.Fails("s.fail", nil, "wrong")
		c.Fails("s.fail", nil, "wrong")
		c.Fails("s.panic", nil, framework.CodeInternal)
		rt.Restart()
		c.Fails("s.nothing", nil, framework.CodeNotFound) // is no call of the service
		for range 3 {
			c.Call("s.note", nil, nil)
		}
		c.Fails("s.fail", nil, framework.CodeRateLimited)
		c.Fails("s.note", nil, framework.CodeRateLimited)
	})
}

func TestBy(t *testing.T) {
	method := func(t *framework.Turn) string {
		if t.Method() == "s.fail" {
			return ""
		}
		return t.Method()
	}
	for name, row := range map[string]struct {
		by             func(*framework.Turn) string
		first, another framework.User
		shared         bool
	}{
		"a user's sockets":         {nil, ann, ann, true},
		"two users":                {ratelimit.User, ann, framework.User{ID: "bob"}, false},
		"nobody's two sessions":    {nil, framework.User{}, framework.User{}, false},
		"two sockets of a user":    {ratelimit.Socket, ann, ann, false},
		"whatever a program names": {method, ann, framework.User{ID: "bob"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			o := hourly(1)
			o.By = row.by
			rt := frameworktest.New(t, framework.Config{Services: []framework.Service{limited(o)}})
			a, b := rt.Connect(row.first), rt.Connect(row.another)
			a.Call("s.note", nil, nil)
			if row.shared {
				b.Fails("s.note", nil, framework.CodeRateLimited)
			} else {
				b.Call("s.note", nil, nil)
			}
			if row.by != nil && name == "whatever a program names" {
				a.Fails("s.fail", nil, "wrong") // has no key, and no limit
				a.Fails("s.fail", nil, "wrong")
			}
		})
	}
}

// Volatile calls are counted by each instance, apart from the others.
func TestVolatileCalls(t *testing.T) {
	m := memory.New(memory.Options{})
	defer m.Close()
	for range 2 {
		rt := frameworktest.New(t, framework.Config{Store: m, Services: []framework.Service{limited(hourly(2))}})
		c := rt.Connect(ann)
		for n := range 3 {
			if err := c.Volatile(t.Context(), "s.quick", nil, nil); (code(err) == framework.CodeRateLimited) != (n == 2) {
				t.Errorf("volatile call %d: %v", n+1, err)
			}
		}
	}
}

func TestDefaults(t *testing.T) {
	for name, row := range map[string]struct {
		o    ratelimit.Options
		most int
	}{
		"none":         {ratelimit.Options{}, 10},
		"a slow one":   {ratelimit.Options{Rate: 0.001}, 1},
		"at once more": {ratelimit.Options{Rate: 0.001, Burst: 4}, 4},
		"no limit":     {ratelimit.Options{Rate: -1}, 50},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := frameworktest.New(t, framework.Config{Services: []framework.Service{limited(row.o)}}).Connect(ann)
				passed := 0
				for range 50 {
					if c.Client.Call(t.Context(), "s.note", nil, nil) == nil {
						passed++
					}
				}
				if passed != row.most {
					t.Errorf("%d of 50 calls got through, want %d", passed, row.most)
				}
			})
		})
	}
}

// What is no call is counted with calls of the same name and key.
func TestStore(t *testing.T) {
	o := hourly(3)
	o.Name, o.By = "shared", func(*framework.Turn) string { return "x" }
	m := memory.New(memory.Options{})
	rt := frameworktest.New(t, framework.Config{Store: m, Services: []framework.Service{limited(o)}})
	s := ratelimit.NewStore(rt.Server(), o)
	rt.Connect(ann).Call("s.note", nil, nil)
	for n, want := range []bool{true, true, false, false} {
		if allowed, err := s.Allow("x"); allowed != want || err != nil {
			t.Errorf("request %d: %v, %v; want %v", n+1, allowed, err, want)
		}
	}
	if allowed, err := s.Allow("another"); !allowed || err != nil {
		t.Errorf("another key: %v, %v", allowed, err)
	}
	o.Name = "another"
	if allowed, err := ratelimit.NewStore(rt.Server(), o).Allow("x"); !allowed || err != nil {
		t.Errorf("another name: %v, %v", allowed, err)
	}
	if allowed, err := ratelimit.NewStore(rt.Server(), ratelimit.Options{Rate: -1}).Allow("x"); !allowed || err != nil {
		t.Errorf("no limit: %v, %v", allowed, err)
	}
	m.Close()
	if allowed, err := s.Allow("fresh"); allowed || err == nil {
		t.Errorf("when nothing can be counted: %v, %v", allowed, err)
	}
}
