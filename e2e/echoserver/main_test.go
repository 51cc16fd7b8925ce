package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve runs the server until the test ends, and returns the addresses that it listens at.
func serve(t *testing.T, s settings, listeners int) (addresses []string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	listening, ended := make(chan string), make(chan error, 1)
	go func() {
		ended <- run(ctx, s, func(a net.Addr) { listening <- a.String() })
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for range listeners {
		select {
		case address := <-listening:
			addresses = append(addresses, "http://"+address)
		case err := <-ended:
			t.Fatal(err)
		}
	}
	return addresses
}

// ask makes a request on a connection of its own, and returns the body of its answer; a status that is no success comes before it.
func ask(t *testing.T, method, url, body string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode > 299 {
		return response.Status + " " + string(text)
	}
	return string(text)
}

// What the suites ask for is there, with the settings that they compare, on one port or two.
func TestServices(t *testing.T) {
	patient := settings{store: "memory", ping: 300 * time.Millisecond, pong: time.Minute, maxPayload: 1_000_000, responseLimit: 4096, heartbeat: time.Minute, disconnect: time.Minute}
	one, two := patient, patient
	one.engineio, one.sockjs = "127.0.0.1:0", "127.0.0.1:0"
	two.engineio, two.sockjs = "127.0.0.1:0", "localhost:0"
	for name, s := range map[string]settings{"one port": one, "two ports": two} {
		t.Run(name, func(t *testing.T) {
			engineio, sockjs := 0, 0
			for _, address := range serve(t, s, map[string]int{"one port": 1, "two ports": 2}[name]) {
				if strings.HasPrefix(ask(t, "GET", address+"/echo", ""), "Welcome") {
					sockjs++
					speaksSockJS(t, address)
				}
				if strings.HasPrefix(ask(t, "GET", address+"/engine.io/?EIO=4&transport=polling", ""), "0") {
					engineio++
					speaksEngineIO(t, address)
				}
			}
			if engineio != 1 || sockjs != 1 {
				t.Errorf("%d addresses speak Engine.IO, %d SockJS, want one each", engineio, sockjs)
			}
		})
	}
}

var opened = regexp.MustCompile(`^0\{"sid":"([^"]+)","upgrades":\["websocket"\],"pingInterval":300,"pingTimeout":60000,"maxPayload":1000000\}$`)

func speaksEngineIO(t *testing.T, address string) {
	t.Helper()
	url := address + "/engine.io/?EIO=4&transport=polling"
	m := opened.FindStringSubmatch(ask(t, "GET", url, ""))
	if m == nil {
		t.Fatal("no handshake as the suite wants it")
	}
	url += "&sid=" + m[1]
	for _, want := range []string{"4hello", "bAAEC"} { // text, bytes
		if got := ask(t, "POST", url, want); got != "ok" {
			t.Errorf("POST: %s", got)
		}
		if got := ask(t, "GET", url, ""); got != want && got != want+"\x1e2" && got != "2\x1e"+want {
			t.Errorf("GET: %q, want %q", got, want)
		}
	}
}

func speaksSockJS(t *testing.T, address string) {
	t.Helper()
	for _, step := range []struct{ method, path, body, want string }{
		{"POST", "/echo/000/abc/xhr", "", "o\n"},
		{"POST", "/echo/000/abc/xhr_send", `["hello"]`, ""},
		{"POST", "/echo/000/abc/xhr", "", "a[\"hello\"]\n"},
		{"POST", "/close/000/abc/xhr", "", "o\n"},
		{"POST", "/close/000/abc/xhr", "", "c[3000,\"Go away!\"]\n"},
		{"POST", "/cookie_needed_echo/000/abc/xhr", "", "o\n"},
	} {
		if got := ask(t, step.method, address+step.path, step.body); got != step.want {
			t.Errorf("%s %s: %q, want %q", step.method, step.path, got, step.want)
		}
	}
	for path, want := range map[string]string{"/echo": `"websocket":true`, "/disabled_websocket_echo": `"websocket":false`, "/cookie_needed_echo": `"cookie_needed":true`} {
		if got := ask(t, "GET", address+path+"/info", ""); !strings.Contains(got, want) {
			t.Errorf("%s/info: %s", path, got)
		}
	}
	for _, path := range []string{"/echo//", "/echo/a", "/nothing"} {
		if got := ask(t, "GET", address+path, ""); !strings.HasPrefix(got, "404") {
			t.Errorf("%s: %s, want 404, and no redirect", path, got)
		}
	}
}

func TestNothingToServe(t *testing.T) {
	if err := run(t.Context(), settings{}, nil); err == nil || !strings.Contains(err.Error(), "-engineio") {
		t.Errorf("run: %v, want what to say", err)
	}
}
