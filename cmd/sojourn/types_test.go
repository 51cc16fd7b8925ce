package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/typescript"
	"github.com/sojourn-go/sojourn/framework/typescript/testdata/shop"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/sse"
	"github.com/sojourn-go/sojourn/transports/ws"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var chat = framework.Service{Name: "chat", Methods: framework.Methods{
	"mark": framework.Event(func(*framework.Turn, shop.Status) error { return nil }),
}}

// serve serves the chat and returns its mount. Who says that he is Ann, by a token or by a header, may come in.
func serve(t *testing.T, discover bool) string {
	t.Helper()
	rt, err := framework.New(framework.Config{
		Transports: []transports.Transport{ws.Transport{}, sse.Transport{}, longpoll.Transport{}},
		Services:   []framework.Service{chat, {Name: "hidden", Private: true}},
		Discover:   discover,
		Log:        slog.New(slog.DiscardHandler),
		Identify: func(r *http.Request) (framework.User, error) {
			if r.Header.Get("Authorization") != "Bearer ann" && r.Header.Get("X-User") != "ann" {
				return framework.User{}, errors.New("not Ann")
			}
			return framework.User{ID: "ann"}, nil
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
	return server.URL + "/rt"
}

func sojourn(t *testing.T, args ...string) (out, said string, status int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = run(t.Context(), &console{strings.NewReader(""), &stdout, &stderr}, args)
	return stdout.String(), stderr.String(), status
}

func TestTypesAreThoseOfTheServer(t *testing.T) {
	url := serve(t, true)
	want, err := typescript.Of(chat)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(want), "type Status = 'open' | 'done'") {
		t.Errorf("the source is not read:\n%.300s", want)
	}
	for _, as := range [][]string{{"-bearer", "ann"}, {"-header", "X-User: ann"}} {
		for _, transport := range []string{"ws", "sse", "longpoll"} {
			args := append(append([]string{"types", "-transports", transport}, as...), url)
			if out, said, status := sojourn(t, args...); status != 0 || said != "" || out != string(want) {
				t.Errorf("%v: %d, %s\n%.300s", args, status, said, out)
			}
		}
	}
}

func TestTypesWithoutSource(t *testing.T) {
	out, said, status := sojourn(t, "types", "-source", t.TempDir(), "-bearer", "ann", serve(t, true))
	if status != 0 || said != "" || !strings.Contains(out, "type Status = string\n") {
		t.Errorf("%d, %s\n%.300s", status, said, out)
	}
}

func TestTypesFail(t *testing.T) {
	off := serve(t, false)
	for want, args := range map[string][]string{
		"sojourn types: the server does not tell: discovery is off (Config.Discover)\n": {"types", "-bearer", "ann", off},
		"sojourn types: client: ":            {"types", "-bearer", "bob", off},
		`"localhost:8080/rt" is not the URL`: {"types", "localhost:8080/rt"},
	} {
		if out, said, status := sojourn(t, args...); status != 1 || out != "" || !strings.Contains(said, want) {
			t.Errorf("%v: %d, %q, want %q", args, status, said, want)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	var out, said bytes.Buffer
	if status := run(ended, &console{strings.NewReader(""), &out, &said}, []string{"types", off}); status != 1 {
		t.Errorf("interrupted: %d, %s", status, said.String())
	}
}

// What is asked wrongly is said on stderr, with status 2; help is what was asked for.
func TestUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"typos"}, {"types"}, {"types", "a", "b"}, {"types", "-no"}, {"types", "-header", "x", "http://localhost"}} {
		if out, said, status := sojourn(t, args...); status != 2 || out != "" || !strings.Contains(said, "usage: sojourn") {
			t.Errorf("%v: %d, stdout %q, stderr %q", args, status, out, said)
		}
	}
	for _, args := range [][]string{{"help"}, {"-h"}, {"types", "-h"}} {
		if out, said, status := sojourn(t, args...); status != 0 || said != "" || !strings.Contains(out, "usage: sojourn") {
			t.Errorf("%v: %d, stdout %q, stderr %q", args, status, out, said)
		}
	}
}
