package rpc_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
	"github.com/sojourn-go/sojourn/services/rpc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func connect(t *testing.T, cfg framework.Config, funcs rpc.Funcs) *frameworktest.Client {
	cfg.Services = []framework.Service{rpc.New("math", funcs)}
	return frameworktest.New(t, cfg).Connect(framework.User{ID: "ann"})
}

func TestEachFormIsCalled(t *testing.T) {
	total := 0
	ann := connect(t, framework.Config{}, rpc.Funcs{
		"double": rpc.Func(func(_ context.Context, n int) (int, error) { return 2 * n, nil }),
		"total":  rpc.Get(func(context.Context) (int, error) { return total, nil }),
		"add":    rpc.Do(func(_ context.Context, n int) error { total += n; return nil }),
		"clear":  rpc.Run(func(context.Context) error { total = 0; return nil }),
	})
	var n int
	if ann.Call("math.double", 21, &n); n != 42 {
		t.Errorf("double: %d", n)
	}
	ann.Call("math.add", 3, nil)
	ann.Call("math.add", 4, nil)
	if ann.Call("math.total", nil, &n); n != 7 {
		t.Errorf("total: %d", n)
	}
	ann.Call("math.clear", nil, nil)
	if ann.Call("math.total", nil, &n); n != 0 {
		t.Errorf("cleared: %d", n)
	}
	ann.Fails("math.add", "three", framework.CodeInvalid)
	ann.Fails("math.subtract", 3, framework.CodeNotFound)
}

func TestOnlyFrameworkErrorsAreTold(t *testing.T) {
	ann := connect(t, framework.Config{}, rpc.Funcs{
		"secret": rpc.Run(func(context.Context) error { return errors.New("password of the database") }),
		"plain":  rpc.Run(func(context.Context) error { return framework.Errorf(framework.CodeDenied, "not on Sundays") }),
	})
	ctx := t.Context()
	if err := ann.Client.Call(ctx, "math.secret", nil, nil); client.CodeOf(err) != framework.CodeInternal || strings.Contains(err.Error(), "password") {
		t.Errorf("told %v", err)
	}
	if err := ann.Client.Call(ctx, "math.plain", nil, nil); client.CodeOf(err) != framework.CodeDenied || !strings.Contains(err.Error(), "not on Sundays") {
		t.Errorf("told %v", err)
	}
}

func TestTheContextIsTheTurn(t *testing.T) {
	seen := make(chan context.Context, 1)
	ann := connect(t, framework.Config{}, rpc.Funcs{
		"func": rpc.Func(func(ctx context.Context, n int) (int, error) { seen <- ctx; return n, nil }),
		"get":  rpc.Get(func(ctx context.Context) (int, error) { seen <- ctx; return 0, nil }),
		"do":   rpc.Do(func(ctx context.Context, _ int) error { seen <- ctx; return nil }),
		"run":  rpc.Run(func(ctx context.Context) error { seen <- ctx; return nil }),
	})
	for _, form := range []string{"func", "get", "do", "run"} {
		ann.Call("math."+form, nil, nil)
		if turn, ok := (<-seen).(*framework.Turn); !ok || turn.User().ID != "ann" {
			t.Errorf("%s is not given the turn", form)
		}
	}
}

func TestTheContextEndsWithTheTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		ann := connect(t, framework.Config{TurnTime: time.Second}, rpc.Funcs{
			"wait": rpc.Run(func(ctx context.Context) error {
				<-ctx.Done()
				ended <- context.Cause(ctx)
				return ctx.Err()
			}),
		})
		ann.Fails("math.wait", nil, framework.CodeTimeout)
		if err := <-ended; !errors.Is(err, framework.ErrTurnTime) {
			t.Errorf("ended by %v", err)
		}
	})
}

func TestNoFunctionIsAnErrorAtNew(t *testing.T) {
	for _, none := range []framework.Method{
		rpc.Func[int, int](nil), rpc.Get[int](nil), rpc.Do[int](nil), rpc.Run(nil),
	} {
		_, err := framework.New(framework.Config{Services: []framework.Service{rpc.New("math", rpc.Funcs{"none": none})}})
		if err == nil || !strings.Contains(err.Error(), `"none" has no function`) {
			t.Errorf("error %v", err)
		}
	}
}
