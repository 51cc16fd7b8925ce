package framework_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
)

// A client that comes back to a stream of which entries were let go is told so before it gets those that came since. The other way round it would go
// back to where they begin, and get them twice.
func TestI4LossIsToldFirst(t *testing.T) {
	rt, err := framework.New(framework.Config{
		Transports: []transports.Transport{longpoll.Transport{}}, Services: []framework.Service{{Name: "test"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	poll := func(hello string) (kinds []string) {
		rw := httptest.NewRecorder()
		body := strings.NewReader(`H{"v":1,"key":"` + rawKey + `",` + hello + `}`)
		rt.ServeHTTP(rw, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/rt/lp", body))
		for line := range strings.Lines(rw.Body.String()) {
			kinds = append(kinds, line[:1])
		}
		return kinds
	}
	poll(`"c":1`)
	send := func(turn *framework.Turn) error {
		return turn.Send(protocol.CredentialOf(rawKey).Socket, "test.event", nil)
	}
	for range store.MaxEntries + 2 {
		if err := rt.Do(t.Context(), send); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := poll(`"c":2,"cur":"0."`), []string{"h", "l", "e", "e"}; !slices.Equal(got, want) {
		t.Errorf("the client is sent frames %q, want %q", got, want)
	}
}
