package e2e

import (
	"net/http"
	"sync/atomic"
	"testing"
)

// Where something on the way does not let a transport through, the next one is used, and nobody has to know.
func TestFallback(t *testing.T) {
	t.Parallel()
	var refused atomic.Int32
	for _, test := range []struct {
		name  string
		front func(http.Handler) http.Handler
		want  string
	}{
		{"WebSockets are refused", refusing(&refused), "sse"},
		{"WebSockets are cut off", cutting, "sse"},
		{"streams are buffered", buffering, "ws"},
		{"WebSockets are refused and streams buffered", func(next http.Handler) http.Handler { return refusing(&refused)(buffering(next)) }, "longpoll"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := memoryChat(t, test.front)
			ann, bob := visit(t, "Ann", c.URL).enter(), visit(t, "Bob", c.URL).enter()
			ann.isVia(test.want)
			bob.isVia(test.want)
			ann.say("hello")
			bob.shows("Ann: hello")
			bob.say("hi")
			ann.shows("Ann: hello", "Bob: hi")
			ann.screenshot("end")
		})
	}
}

// A tab remembers which transport worked, and begins with it.
func TestFallbackIsRemembered(t *testing.T) {
	t.Parallel()
	var refused atomic.Int32
	c := memoryChat(t, refusing(&refused))
	ann := visit(t, "Ann", c.URL).enter()
	ann.isVia("sse")
	before := refused.Load()
	if before == 0 {
		t.Error("no WebSocket was tried")
	}
	ann.do(reload())
	ann.entered().isVia("sse")
	if tried := refused.Load() - before; tried != 0 {
		t.Errorf("after a reload %d more WebSockets were tried", tried)
	}
}
