package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Who forgets the mount is told so, and does not wait for a server that might be started.
func TestURLWithoutAMount(t *testing.T) {
	for name, other := range map[string]http.HandlerFunc{
		"files":         http.NotFound,
		"an API":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusMethodNotAllowed) },
		"a single page": func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<!doctype html>")) },
	} {
		server := httptest.NewServer(other)
		for _, command := range []string{"repl", "types"} {
			out, said, status := sojourn(t, command, "-timeout", "1h", server.URL)
			if want := server.URL + " has no client.js, so it is not a server's mount, as http://localhost:8080/rt is"; status != 1 || out != "" || !strings.Contains(said, want) {
				t.Errorf("%s of %s: %d, %q, %q", command, name, status, out, said)
			}
		}
		server.Close()
	}
}

// What stands in front of a server is not taken for one without a mount.
func TestURLBehindSomethingElse(t *testing.T) {
	for _, code := range []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusBadGateway, http.StatusServiceUnavailable} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }))
		if err := (&dialing{}).find(t.Context(), server.URL); err != nil {
			t.Errorf("%d: %v", code, err)
		}
		server.Close()
	}
}
