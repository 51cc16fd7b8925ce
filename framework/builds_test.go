package framework_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store/memory"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
)

// What only the newer build can go on with waits for it, however long only the older one runs, and does not keep that one busy. Then it happens once.
func TestOlderBuildsGiveBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New(memory.Options{})
		defer m.Close()
		var happened []string
		timer := framework.Timer("timer", func(_ *framework.Turn, name string) error {
			happened = append(happened, name)
			return nil
		})
		answer := framework.Then("answer", func(_ *framework.Turn, name, _ string, err error) error {
			happened = append(happened, name+" "+framework.CodeOf(err))
			return nil
		})
		server := func(build string, known ...framework.Continuation) *framework.Server {
			rt, err := framework.New(framework.Config{
				Transports: []transports.Transport{longpoll.Transport{}}, Store: m, Build: build,
				Services: []framework.Service{{Name: "test", Continuations: known}}, Log: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				t.Fatal(err)
			}
			return rt
		}
		older, newer := server("1"), server("2", timer, answer)
		defer older.Close()
		defer newer.Close()
		say := func(rt *framework.Server, path, body string) {
			rt.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/rt"+path, strings.NewReader(body)))
		}
		say(newer, "/lp", `H{"v":1,"key":"`+rawKey+`","c":1}`)
		err := newer.Do(t.Context(), func(turn *framework.Turn) error {
			_, err := turn.After(time.Minute, timer.With("timer"))
			if err != nil {
				return err
			}
			return turn.Ask(protocol.CredentialOf(rawKey).Socket, "test.ask", nil, answer.With("question"), time.Hour)
		})
		if err != nil {
			t.Fatal(err)
		}
		say(older, "/up", "K"+rawKey+",,0\nB1")

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
		slices.Sort(happened)
		if want := []string{"question gone", "timer"}; !slices.Equal(happened, want) {
			t.Errorf("%q happened, want %q", happened, want)
		}
	})
}
