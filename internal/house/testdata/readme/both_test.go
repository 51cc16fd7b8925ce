package chat

import (
	"net/http/httptest"
	"os/exec"
	"slices"
	"testing"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/sse"
)

// A page with the app.js of a program with the service has the client half, which finds all that it needs in the other one.
func TestBothHalves(t *testing.T) {
	rt := frameworktest.New(t, framework.Config{
		Services: []framework.Service{Service}, Transports: []transports.Transport{sse.Transport{}}, // Node 20 has no WebSocket
	})
	server := httptest.NewServer(rt.Server())
	t.Cleanup(server.Close)
	token, err := rt.Auth(framework.User{ID: "ann", Name: "Ann"})(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "node", "page.mjs", server.URL+"/rt", token).CombinedOutput(); err != nil {
		t.Errorf("the page: %v\n%s", err, out)
	}
	if !slices.ContainsFunc(rt.Server().Assets(), func(a framework.Asset) bool { return a.Service == "chat" && a.Name == "chat.css" }) {
		t.Error("the public file is not served")
	}
}
