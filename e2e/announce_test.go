package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/internal/redistest"
)

// Who has the program's token announces something by plain HTTP, to any instance, and all in the room see it in its place.
func TestAnnouncement(t *testing.T) {
	t.Parallel()
	c := announcing(t, redistest.Start(t), 3)
	ann, bob := visit(t, "Ann", c.URL).enter(), visit(t, "Bob", c.URL).enter()
	ann.say("hello")
	bob.shows("Ann: hello")
	announce(t, c, "We close at ten.")
	bob.shows("Ann: hello", "Announcement: We close at ten.")
	announce(t, c, "At nine, in fact.")
	bob.shows("Ann: hello", "Announcement: We close at ten.", "Announcement: At nine, in fact.")
	bob.say("good")
	ann.shows("Ann: hello", "Announcement: We close at ten.", "Announcement: At nine, in fact.", "Bob: good")
	if named, err := evaluate[int](bob, `[...document.querySelectorAll('#log .announced .from')].filter(e => e.checkVisibility()).length`); err != nil || named != 2 {
		t.Errorf("%d announcements say that they are, want 2: %v", named, err)
	}
}

// announcing is a chat that takes announcements, of n instances.
func announcing(t *testing.T, store string, n int) *cluster {
	t.Helper()
	c := startChat(t, store, 0, nil)
	c.args = []string{"-token", "secret"}
	for range n {
		c.add()
	}
	return c
}

// announce announces something in the lobby.
func announce(t *testing.T, c *cluster, text string) {
	t.Helper()
	form := url.Values{"room": {"lobby"}, "text": {text}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.URL+"/announce", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true // no connection is left over
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Bearer secret")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		t.Errorf("the announcement is answered with %s", response.Status)
	}
}
