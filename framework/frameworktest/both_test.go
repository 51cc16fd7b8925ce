package frameworktest_test

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"testing"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
	"github.com/sojourn-go/sojourn/internal/nodetest"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/sse"
)

// Both halves of a service: the page's runs in Node, and its instance is killed meanwhile.
func TestBothHalves(t *testing.T) {
	nodetest.Find(t)
	rt := frameworktest.New(t, framework.Config{
		Services: []framework.Service{chat}, Transports: []transports.Transport{sse.Transport{}}, // Node 20 has no WebSocket
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rt.Server().ServeHTTP(w, r) // of the instance that runs now
	}))
	t.Cleanup(server.Close)
	heard := frameworktest.Topic[Line](rt.Connect(framework.User{ID: "ann"}), "room/lobby")

	page := exec.CommandContext(t.Context(), "node", "testdata/both.js", server.URL+"/rt")
	done := make(chan struct{})
	go func() {
		defer close(done)
		if out, err := page.CombinedOutput(); err != nil {
			t.Errorf("the page: %v\n%s", err, out)
		}
	}()
	t.Cleanup(func() { <-done })
	heard.Until(func(l Line) bool { return l.Text == "hello" })
	rt.Restart()
	<-done
	heard.Until(func(l Line) bool { return l.Text == "sold" })
}
