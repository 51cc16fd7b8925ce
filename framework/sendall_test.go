package framework_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/store"
)

// counted is how often the users were told something.
var counted = &framework.State[int]{Name: "counted", Subscribe: framework.Nobody}

// teller tells all sockets of a user, or of a session, numbers; who connects is told the last one.
func teller() framework.Service {
	return framework.Service{
		Name: "tell", Topics: []framework.Stream{counted},
		Methods: framework.Methods{
			"user":    framework.Event(func(t *framework.Turn, n int) error { return t.SendUser(t.User().ID, "ledger.added", n) }),
			"session": framework.Event(func(t *framework.Turn, n int) error { return t.SendSession(t.SessionID(), "ledger.added", n) }),
			"fail": framework.Event(func(t *framework.Turn, n int) error {
				if err := t.SendUser(t.User().ID, "ledger.added", n); err != nil {
					return err
				}
				return framework.Errorf("mine", "no")
			}),
			"next": framework.Event(func(t *framework.Turn, _ any) error {
				return counted.Update(t, "all", func(n *int) error {
					*n++
					return t.SendUser(t.User().ID, "ledger.added", *n)
				})
			}),
		},
		Connect: func(t *framework.Turn) error {
			n, err := counted.Get(t, "all")
			if err != nil || n == 0 {
				return err
			}
			return t.Send(t.Socket(), "ledger.added", n)
		},
	}
}

// as connects an account of a user with a browser's cookie.
func (w *world) as(user, cookie string) *account {
	w.Helper()
	return w.account(&client.Options{Header: http.Header{
		"Authorization": {"Bearer " + user}, "Cookie": {framework.SessionCookie + "=" + cookie},
	}})
}

func byName(r *http.Request) (framework.User, error) {
	return framework.User{ID: r.Header.Get("Authorization")}, nil
}

// What is sent to a user or a session reaches each of its sockets, once and in order, wherever they are connected, and only if the turn commits.
func TestI4SendUser(t *testing.T) {
	everywhere(t, func(w *world) {
		w.cfg.Identify = byName
		w.run(3, ledger(), teller())
		here, elsewhere := rawKey, "BBBBBBBBBBBBBBBBBBBBBA"
		ann := []*account{w.as("ann", here), w.as("ann", here), w.as("ann", elsewhere)}
		bob := w.as("bob", here)
		const total = 40
		for n := 1; n <= total; n++ {
			if err := ann[n%3].Call(w.wait(), "tell.fail", -n, nil); codeOf(err) != "mine" {
				t.Fatal(err)
			}
			call[any](w, ann[n%3].Client, "tell.user", n)
			switch {
			case n%13 == 0:
				i := w.any()
				w.start()
				w.kill(i)
			case n%5 == 0:
				w.cut()
			}
		}
		call[any](w, bob.Client, "tell.user", 100)
		call[any](w, bob.Client, "tell.session", 101)
		for i, a := range ann {
			want := upTo(total)
			if i < 2 {
				want = append(want, 101)
			}
			a.expect(w, "what was sent to the user, and to the session of some of his sockets,", &a.added, want)
			if len(a.lost) > 0 {
				t.Errorf("told of losses that were none: %v", a.lost)
			}
		}
		bob.expect(w, "what was sent to another user, and to his session,", &bob.added, []int{100, 101})
	})
}

// A socket that is being opened while its user is sent something has either read what came of that, or gets it: never neither, never both.
func TestI3SendUserWhileSocketsOpen(t *testing.T) {
	everywhere(t, func(w *world) {
		w.cfg.Identify = byName
		w.run(3, ledger(), teller())
		sender := w.as("ann", rawKey)
		const each, others = 5, 8 // a socket whose open meets more than seven changes of what it reads is refused
		call[any](w, sender.Client, "tell.next", nil)
		var opened []*account
		for range others {
			var pending []*client.Pending // takes effect while the next socket is opened
			for range each {
				pending = append(pending, sender.Send("tell.next", nil))
			}
			opened = append(opened, w.as("ann", rawKey))
			for _, p := range pending {
				if err := p.Wait(w.wait(), nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		const total = 1 + each*others
		for _, a := range opened {
			until(w, a.changed, "the last has come", func() bool { return slices.Contains(a.seen(&a.added), total) })
			got := a.seen(&a.added)
			if want := upTo(total)[got[0]-1:]; !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		}
	})
}

// The same, where the open commits after the handler has run and before its turn does.
func TestI3SendUserFindsWhoOpenedMeanwhile(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.cfg.Identify = func(*http.Request) (framework.User, error) { return framework.User{ID: "ann"}, nil }
		w.run(2, ledger(), teller())
		one, two := w.instances[0], w.instances[1]
		w.postTo(one, "/lp", hello(1, ""))
		w.postTo(one, "/up", "K"+keyOf(1)+",,0\nC1,tell.next")
		var meanwhile sync.Once
		one.store.mu.Lock()
		one.store.before = func(store.Turn) error {
			meanwhile.Do(func() { w.postTo(two, "/lp", hello(2, "")) })
			return nil
		}
		one.store.mu.Unlock()
		w.postTo(one, "/up", "K"+keyOf(1)+",,0\nC2,tell.next")
		_, text := w.postTo(two, "/lp", helloAgain(2, 2))
		var got []string
		for line := range strings.Lines(text) {
			if _, n, ok := strings.Cut(line, "ledger.added|"); ok {
				got = append(got, strings.TrimSpace(n))
			}
		}
		if !slices.Equal(got, []string{"1", "2"}) {
			t.Errorf("the socket that was opened meanwhile got %v, want 1, which it has read, and 2", got)
		}
	})
}

// However many sockets a user has, sending to him is one effect.
func TestI7SendUserIsOneEffect(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.cfg.Identify = byName
		w.cfg.Limits = framework.Limits{SocketsPerUser: -1, Effects: 2}
		w.run(2, ledger(), teller())
		var all []*account
		for range 4 {
			all = append(all, w.as("ann", rawKey))
		}
		call[any](w, all[0].Client, "tell.user", 1)
		for _, a := range all {
			a.expect(w, "what was sent", &a.added, []int{1})
		}
		err := w.any().rt.Do(w.wait(), func(t *framework.Turn) error {
			for range 3 {
				if err := t.SendUser("ann", "ledger.added", 2); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil {
			t.Error("three effects in a turn that may have two")
		}
	})
}

func TestSendToNobody(t *testing.T) {
	rt, err := framework.New(framework.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	for name, send := range map[string]func(*framework.Turn) error{
		"no user":    func(t *framework.Turn) error { return t.SendUser("", "a.b", 1) },
		"no session": func(t *framework.Turn) error { return t.SendSession(t.SessionID(), "a.b", 1) },
		"no method":  func(t *framework.Turn) error { return t.SendUser("ann", "b", 1) },
	} {
		if err := rt.Do(t.Context(), send); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := rt.Do(t.Context(), func(t *framework.Turn) error { return t.SendUser("nobody", "a.b", 1) }); err != nil {
		t.Errorf("a user without sockets: %v", err)
	}
}
