package framework_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/transports"
)

// docs/limits.md has every limit that is an option.
func TestLimitsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, limits := range []any{framework.Limits{}, transports.Limits{}} {
		for i, fields := 0, reflect.TypeOf(limits); i < fields.NumField(); i++ {
			if name := fields.Field(i).Name; !strings.Contains(string(page), name+"`") {
				t.Errorf("docs/limits.md has nothing of %s.%s", fields, name)
			}
		}
	}
}

// docs/limits.md has the defaults.
func TestTheDefaultsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	rt, err := framework.New(framework.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	l := framework.Limits{}.Defaults()
	ttl, turnTime, emptyTTL := rt.Defaults()
	for _, row := range []string{
		fmt.Sprintf("| %d | `SocketsPerUser` |", l.SocketsPerUser),
		fmt.Sprintf("| %d,%03d, of public addresses | `SocketsPerAddress`,", l.SocketsPerAddress/1000, l.SocketsPerAddress%1000),
		fmt.Sprintf("| %d a second at an instance, after %d,%03d at once | `OpensPerAddress`,", l.OpensPerAddress, l.SocketsPerAddress/1000, l.SocketsPerAddress%1000),
		fmt.Sprintf("| %d | `Subscriptions` |", l.Subscriptions),
		fmt.Sprintf("| %d | `Pending` |", l.Pending),
		fmt.Sprintf("| %d an instance | `Volatile` |", l.Volatile),
		fmt.Sprintf("| %d, %d MiB | `Effects`, `EffectBytes` |", l.Effects, l.EffectBytes>>20),
		fmt.Sprintf("| %d KiB | `StateBytes` |", l.StateBytes>>10),
		fmt.Sprintf("| %d min | `Config.TTL` |", ttl/time.Minute),
		fmt.Sprintf("| %d s | `Config.TurnTime` |", turnTime/time.Second),
		fmt.Sprintf("| %d min, or three times `Config.TTL` |", emptyTTL/time.Minute),
	} {
		if !strings.Contains(string(page), row) {
			t.Errorf("docs/limits.md has no row with %s", row)
		}
	}
}

// A negative limit is none.
func TestNoLimits(t *testing.T) {
	b := newBubble(t)
	b.cfg.Limits = framework.Limits{
		SocketsPerUser: -1, SocketsPerAddress: -1, OpensPerAddress: -1, Subscriptions: -1, Pending: -1, Volatile: -1, Effects: -1, EffectBytes: -1, StateBytes: -1,
	}
	b.cfg.Identify = func(*http.Request) (framework.User, error) { return framework.User{ID: "ann"}, nil }
	later := framework.Timer("later", func(*framework.Turn, int) error { return nil })
	text := &framework.State[string]{Name: "text", Subscribe: framework.Anyone}
	b.cfg.Services = append(b.cfg.Services, framework.Service{
		Name: "much", Topics: []framework.Stream{text}, Continuations: []framework.Continuation{later},
		Methods: framework.Methods{
			"timers": framework.Event(func(t *framework.Turn, n int) error {
				for range n {
					if _, err := t.After(time.Hour, later.With(0)); err != nil {
						return err
					}
				}
				return nil
			}),
			"text": framework.Event(func(t *framework.Turn, n int) error {
				return text.Update(t, "a", func(s *string) error { *s = strings.Repeat("x", n); return nil })
			}),
			"answer": framework.Call(func(_ *framework.Turn, n int) (string, error) { return strings.Repeat("x", n), nil }).Volatile(),
		},
	})
	rt := b.start()
	for n := range 120 {
		if text := b.say(rt, "/lp", hello(n, "")); !strings.HasPrefix(text, "h{") {
			t.Fatalf("socket %d of a user: %q", n, text)
		}
	}
	body := "K" + keyOf(0) + ",,0\nC1,much.timers|300\nC2,much.text|1100000\nW1,much.answer|1100000\nW2,much.answer|1"
	for n := range 220 {
		body += fmt.Sprintf("\nS%d,lines/%d", n+3, n)
	}
	lines := strings.Split(b.say(rt, "/up", body), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], "v1|") || lines[1] != `v2|"x"` || lines[2] != "a222,220" { // an error would be an entry more
		t.Errorf("%.200q", lines)
	}
}

// What a topic and a state say of what is kept reaches the store.
func TestRetentionReachesTheStore(t *testing.T) {
	var got []store.Publish
	b := newBubble(t)
	b.mortal().before = func(turn store.Turn) error {
		for _, e := range turn.Effects {
			if e, ok := e.(store.Publish); ok {
				e.Data, e.Value = nil, nil
				got = append(got, e)
			}
		}
		return nil
	}
	plain := &framework.Topic[int]{Name: "plain", Subscribe: framework.Anyone}
	short := &framework.Topic[int]{Name: "brief", Subscribe: framework.Anyone, Keep: 3, KeepBytes: 50, TTL: time.Minute}
	state := &framework.State[int]{Name: "state", Subscribe: framework.Anyone}
	little := &framework.State[int]{Name: "little", Subscribe: framework.Anyone, Keep: 2, TTL: time.Hour}
	b.cfg.Services = append(b.cfg.Services, framework.Service{Name: "s", Topics: []framework.Stream{plain, short, state, little}})
	b.do(b.start(), func(t *framework.Turn) error {
		one := func(n *int) error { *n = 1; return nil }
		return errors.Join(plain.Publish(t, "", 1), short.Publish(t, "", 1), state.Update(t, "", one), little.Update(t, "", one))
	})
	want := []store.Publish{
		{Topic: "plain/", Keep: 1000}, {Topic: "brief/", Keep: 3, KeepBytes: 50, TTL: time.Minute},
		{Topic: "state/", Keep: 100, TTL: 30 * 24 * time.Hour}, {Topic: "little/", Keep: 2, TTL: time.Hour},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the store was given %+v, want %+v", got, want)
	}
}
