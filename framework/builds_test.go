package framework_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/protocol"
)

// What only the newer build can go on with waits for it, however long only the older one runs, and does not keep that one busy. Then it happens once.
func TestOlderBuildsGiveBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		happened := make(chan string, 9)
		timer := framework.Timer("timer", func(_ *framework.Turn, name string) error {
			happened <- name
			return nil
		})
		answer := framework.Then("answer", func(_ *framework.Turn, name, _ string, err error) error {
			happened <- name + " " + framework.CodeOf(err)
			return nil
		})
		b := newBubble(t)
		server := func(build string, known ...framework.Continuation) *framework.Server {
			b.cfg.Build, b.cfg.Services = build, []framework.Service{{Name: "test", Continuations: known}}
			return b.start()
		}
		older, newer := server("1"), server("2", timer, answer)
		b.say(newer, "/lp", hello(1, ""))
		b.do(newer, func(turn *framework.Turn) error {
			_, err := turn.After(time.Minute, timer.With("timer"))
			if err != nil {
				return err
			}
			return turn.Ask(protocol.CredentialOf(keyOf(1)).Socket, "test.ask", nil, answer.With("question"), time.Hour)
		})
		b.say(older, "/up", "K"+keyOf(1)+",,0\nB1")

		for range 60 {
			begun := time.Now()
			if n, err := older.Sweep(t.Context()); n != 0 || err != nil {
				t.Errorf("the older build did %d things, %v", n, err)
			}
			if took := time.Since(begun); took > 12*time.Second {
				t.Errorf("a sweep took %v", took)
			}
			time.Sleep(time.Minute)
		}
		if n, err := newer.Sweep(t.Context()); n != 2 || err != nil {
			t.Errorf("the newer build did %d things, %v", n, err)
		}
		close(happened)
		var got []string
		for what := range happened {
			got = append(got, what)
		}
		slices.Sort(got)
		if want := []string{"question gone", "timer"}; !slices.Equal(got, want) {
			t.Errorf("%q happened, want %q", got, want)
		}
	})
}
