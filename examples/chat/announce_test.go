package main

import (
	"io"
	"net/http"
	neturl "net/url"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
)

// An announcement is a line among the others, in nobody's name, whichever instance makes it.
func TestAnnouncementIsHeard(t *testing.T) {
	rt := frameworktest.New(t, framework.Config{Services: services})
	rt.Twice()
	ann := rt.Connect(framework.User{})
	ann.Call("chat.enter", Guest{"lobby", "Ann"}, nil)
	heard := frameworktest.Topic[Line](ann, "room/lobby")
	ann.Call("chat.say", "hello", nil)
	rt.Restart()
	if err := announce(t.Context(), rt.Server(), "lobby", " We close at ten. "); err != nil {
		t.Fatal(err)
	}
	ann.Call("chat.say", "good", nil)
	for _, want := range []Line{{By: ann.ID(), From: "Ann", Text: "hello"}, {Text: "We close at ten."}, {By: ann.ID(), From: "Ann", Text: "good"}} {
		line := heard.Next()
		if line.ID == "" || line.At == 0 {
			t.Errorf("the line has no id or time: %+v", line)
		}
		if line.ID, line.At = "", 0; line != want {
			t.Errorf("heard %+v, want %+v", line, want)
		}
	}
}

func TestWhoMayAnnounceAndWhat(t *testing.T) {
	at := serve(t)
	for _, row := range []struct {
		token, room, text string
		status            int
		says              string
	}{
		{"Bearer secret", "lobby", "We close at ten.", http.StatusNoContent, ""},
		{"Bearer wrong", "lobby", "We close at ten.", http.StatusUnauthorized, ""},
		{"Bearer secre", "lobby", "We close at ten.", http.StatusUnauthorized, ""},
		{"Basic secret", "lobby", "We close at ten.", http.StatusBadRequest, "invalid key"},
		{"", "lobby", "We close at ten.", http.StatusBadRequest, "missing key"},
		{"Bearer secret", "lobby", " ", http.StatusBadRequest, "1 to 2000 characters"},
		{"Bearer secret", "a,b", "hello", http.StatusBadRequest, "a room's name"},
		{"Bearer secret", "", "hello", http.StatusBadRequest, "a room's name"},
	} {
		status, says := postAnnouncement(t, at, row.token, row.room, row.text)
		if status != row.status || !strings.Contains(says, row.says) {
			t.Errorf("%+v: %d %s", row, status, says)
		}
	}
}

// A program that was given no token has no such route: nobody has none.
func TestWithoutATokenNobodyAnnounces(t *testing.T) {
	rt := frameworktest.New(t, framework.Config{Services: services}).Server()
	for _, route := range newEcho(rt, embedded, "", "").Routes() {
		if strings.Contains(route.Path, "announce") {
			t.Errorf("there is %s %s", route.Method, route.Path)
		}
	}
}

func postAnnouncement(t *testing.T, at, token, room, text string) (status int, says string) {
	t.Helper()
	form := neturl.Values{"room": {room}, "text": {text}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at+"/announce", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}
