package balancer_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/e2e/balancer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// backend starts a backend that tells its name, and what it was sent.
func backend(t *testing.T, name string) *httptest.Server {
	t.Helper()
	return backendWith(t, name, http.StatusOK)
}

// backendWith is backend with an answer to readiness checks.
func backendWith(t *testing.T, name string, ready int) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/ready", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(ready) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s", name, r.Host, body)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func front(t *testing.T, backends ...string) (*balancer.Balancer, string) {
	t.Helper()
	b := balancer.New("/ready")
	for _, addr := range backends {
		b.Add(addr)
	}
	s := httptest.NewServer(b)
	t.Cleanup(func() {
		s.Close()
		b.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return b, s.URL
}

func post(t *testing.T, url, body string) (int, string) {
	t.Helper()
	r, err := http.Post(url, "text/plain", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(text)
}

func TestEveryRequestGoesToAnotherBackend(t *testing.T) {
	a, b, c := backend(t, "a"), backend(t, "b"), backend(t, "c")
	_, url := front(t, addr(a), addr(b), addr(c))
	var got []string
	for range 60 {
		_, text := post(t, url, "hello")
		got = append(got, text[:1])
		if want := text[:1] + " " + strings.TrimPrefix(url, "http://") + " hello"; text != want {
			t.Errorf("the backend saw %q, want %q", text, want)
		}
	}
	text := strings.Join(got, "")
	for _, name := range []string{"a", "b", "c"} {
		if strings.Contains(text, name+name) || !strings.Contains(text, name) {
			t.Errorf("requests went to %s, want each to another than the one before, and some to all", text)
		}
	}
}

func TestARefusedRequestIsTriedAtTheNextWithItsBody(t *testing.T) {
	// Neither is ready, so that both are tried, in turns, however far the checks are.
	a, b := backend(t, "a"), backendWith(t, "b", http.StatusServiceUnavailable)
	_, url := front(t, addr(a), addr(b))
	a.Close()
	for i := range 4 {
		if status, text := post(t, url, "all of it"); status != 200 || text[:1] != "b" || !strings.HasSuffix(text, " all of it") {
			t.Errorf("request %d: %d %q, want b's answer", i, status, text)
		}
	}
}

// What a backend has begun may have taken effect, and is not for the balancer to repeat.
func TestABrokenRequestIsNotRepeated(t *testing.T) {
	hits := make(chan string, 10)
	dies := func(name string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/ready" {
				hits <- name
				panic(http.ErrAbortHandler)
			}
		}))
		t.Cleanup(s.Close)
		return addr(s)
	}
	_, url := front(t, dies("a"), dies("b"))
	if status, _ := post(t, url, "once"); status != http.StatusBadGateway {
		t.Errorf("status %d, want 502", status)
	}
	if n := len(hits); n != 1 {
		t.Errorf("%d backends were sent the request, want 1", n)
	}
}

func TestBackendsComeAndGo(t *testing.T) {
	a, b := backend(t, "a"), backend(t, "b")
	lb, url := front(t)
	if status, _ := post(t, url, ""); status != http.StatusBadGateway {
		t.Errorf("without a backend: status %d, want 502", status)
	}
	lb.Add(addr(a))
	if _, text := post(t, url, ""); text[:1] != "a" {
		t.Errorf("%q answered, want a", text)
	}
	lb.Add(addr(b))
	lb.Remove(addr(a))
	for range 2 {
		if _, text := post(t, url, ""); text[:1] != "b" {
			t.Errorf("%q answered, want b: a was removed", text)
		}
	}
}

func TestABackendThatIsNotReadyGetsNothing(t *testing.T) {
	asked := make(chan struct{})
	draining := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ready" {
			w.WriteHeader(http.StatusServiceUnavailable)
			select {
			case asked <- struct{}{}:
			case <-r.Context().Done():
			}
		}
	}))
	t.Cleanup(draining.Close)
	b := backend(t, "b")
	_, url := front(t, addr(draining), addr(b))
	<-asked
	<-asked // a second check: the first one's answer is noted
	for range 3 {
		if _, text := post(t, url, ""); !strings.HasPrefix(text, "b") {
			t.Errorf("%q answered, want b", text)
		}
	}
}

// A stream's first byte must not wait for its second, nor for its end.
func TestStreamsAreNotHeldUp(t *testing.T) {
	more := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ready" {
			return
		}
		fmt.Fprintln(w, "one")
		w.(http.Flusher).Flush()
		<-more
		fmt.Fprintln(w, "two")
	}))
	t.Cleanup(s.Close)
	_, url := front(t, addr(s))
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	lines := bufio.NewScanner(r.Body)
	lines.Scan()
	if lines.Text() != "one" {
		t.Fatalf("the first line is %q", lines.Text())
	}
	close(more)
	if lines.Scan(); lines.Text() != "two" {
		t.Fatalf("the second line is %q", lines.Text())
	}
}

// A request whose body breaks off reaches no backend.
func TestOnlyCompleteRequestsArePassedOn(t *testing.T) {
	bodies := make(chan string, 10)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ready" {
			body, err := io.ReadAll(r.Body)
			bodies <- fmt.Sprint(string(body), " ", err)
		}
	}))
	t.Cleanup(s.Close)
	_, url := front(t, addr(s))
	body, more := io.Pipe()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
	if err != nil {
		t.Fatal(err)
	}
	var sent sync.WaitGroup
	sent.Go(func() {
		for range 100 { // each is taken by the connection before the next one
			io.WriteString(more, strings.Repeat("x", 10_000))
		}
		more.CloseWithError(errors.New("broken off"))
	})
	if _, err := http.DefaultClient.Do(request); err == nil {
		t.Error("the request did not break off")
	}
	sent.Wait()
	post(t, url, "whole")
	if got := <-bodies; got != "whole <nil>" {
		t.Errorf("the backend had a body of %d bytes", len(got))
	}
}

func TestWebSocketsPass(t *testing.T) {
	upgrader := websocket.Upgrader{} // wants the page's origin to be the host that was asked for
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ready" {
			return
		}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		kind, text, err := conn.ReadMessage()
		if err == nil {
			err = conn.WriteMessage(kind, append(text, "!"...))
		}
		if err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	_, url := front(t, addr(s))
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(url, "http"), http.Header{"Origin": {url}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.WriteMessage(websocket.TextMessage, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, text, err := conn.ReadMessage(); string(text) != "hello!" {
		t.Errorf("got %q, %v", text, err)
	}
	if _, _, err := conn.ReadMessage(); err == nil {
		t.Error("the backend's end was not passed on")
	}
}

func addr(s *httptest.Server) string { return s.Listener.Addr().(*net.TCPAddr).String() }
