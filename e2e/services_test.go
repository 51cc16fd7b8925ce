package e2e

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"testing"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/internal/nodetest"
	"github.com/sojourn-go/sojourn/services/presence"
	"github.com/sojourn-go/sojourn/services/pubsub"
	"github.com/sojourn-go/sojourn/services/rpc"
	seam "github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/sse"
)

// Pages use services that are listed as they are by what docs/services.md says, to the letter.
func TestServicesAreUsedAsDocumented(t *testing.T) {
	t.Parallel()
	node := nodetest.Find(t)
	type pair struct{ A, B int }
	add := func(_ context.Context, in pair) (int, error) { return in.A + in.B, nil }
	rt, err := framework.New(framework.Config{
		Transports: []seam.Transport{sse.Transport{}}, // Node 20 has no WebSocket
		Identify:   func(*http.Request) (framework.User, error) { return framework.User{ID: "ann", Name: "Ann"}, nil },
		Services: []framework.Service{
			rpc.New("math", rpc.Funcs{"add": rpc.Func(add)}),
			pubsub.New(pubsub.Options{Subscribe: framework.Anyone, Publish: framework.Anyone}).Service,
			presence.New(presence.Options{Enter: framework.Anyone}),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(rt)
	t.Cleanup(func() {
		rt.Close()
		server.Close()
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if out, err := exec.CommandContext(ctx, node, "testdata/services.mjs", server.URL+"/rt").CombinedOutput(); err != nil {
		t.Errorf("the page: %v\n%s", err, out)
	}
}
