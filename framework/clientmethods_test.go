package framework_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/framework"
)

type order struct{ Sum int }

// What a service declares is what it can tell and ask; one that declares nothing says what it likes.
func TestClientMethodsAreChecked(t *testing.T) {
	confirmed := framework.Then("confirmed", func(*framework.Turn, string, bool, error) error { return nil })
	counted := framework.Then("counted", func(*framework.Turn, string, int, error) error { return nil })
	rt, err := framework.New(framework.Config{Log: slog.New(slog.DiscardHandler), Services: []framework.Service{
		{Name: "shop", Continuations: []framework.Continuation{confirmed, counted}, Client: framework.ClientMethods{
			"notice":  framework.Notice[string](),
			"rest":    framework.Notice[struct{}](),
			"list":    framework.Notice[[]int](),
			"any":     framework.Notice[any](),
			"confirm": framework.Question[order, bool](),
		}},
		{Name: "free"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	send := func(method string, v any) func(*framework.Turn) error {
		return func(t *framework.Turn) error { return t.Send("somebody", method, v) }
	}
	ask := func(method string, v any, then framework.Bound) func(*framework.Turn) error {
		return func(t *framework.Turn) error { return t.Ask("somebody", method, v, then, time.Hour) }
	}
	for _, row := range []struct {
		do   func(*framework.Turn) error
		want string // of the error; "" for none
	}{
		{send("shop.notice", "hello"), ""},
		{send("shop.rest", nil), ""},
		{send("shop.rest", struct{}{}), ""},
		{send("shop.list", nil), ""},
		{send("shop.any", 7), ""},
		{send("free.anything", 7), ""},
		{send("elsewhere.anything", 7), ""},
		{ask("shop.confirm", order{7}, confirmed.With("")), ""},
		{ask("free.anything", 7, counted.With("")), ""},
		{func(t *framework.Turn) error { return t.SendUser("ann", "shop.notice", "hello") }, ""},
		{func(t *framework.Turn) error { return t.SendUser("ann", "shop.notice", 7) }, "shop.notice takes a string, not a int"},
		{func(t *framework.Turn) error { return t.SendSession("s", "shop.confirm", order{7}) }, "shop.confirm is a question: use Turn.Ask"},
		{send("shop.notise", "hello"), `service "shop" declares no client method "notise": add it to Service.Client`},
		{send("shop.notice", 7), "shop.notice takes a string, not a int"},
		{send("shop.notice", nil), "shop.notice takes a string, not a <nil>"},
		{send("shop.confirm", order{7}), "shop.confirm is a question: use Turn.Ask"},
		{ask("shop.notice", "hello", confirmed.With("")), "shop.notice is a notice: use Turn.Send"},
		{ask("shop.confirm", &order{7}, confirmed.With("")), "shop.confirm takes a framework_test.order, not a *framework_test.order"},
		{ask("shop.confirm", order{7}, counted.With("")), `shop.confirm is answered with a bool, continuation "counted" takes a int`},
	} {
		err := rt.Do(t.Context(), row.do)
		switch {
		case row.want == "" && err != nil:
			t.Errorf("%v, want no error", err)
		case row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)):
			t.Errorf("%v, want %q", err, row.want)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience) // it would wait for an answer else
	defer cancel()
	if err := rt.Ask(ctx, "somebody", "shop.confirm", 7, nil); err == nil || !strings.Contains(err.Error(), "shop.confirm takes a") {
		t.Errorf("Server.Ask: %v", err)
	}
}
