package presence_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
	"github.com/sojourn-go/sojourn/services/presence"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// inBubble runs a test in fake time, with each turn run once and with each run twice.
func inBubble(t *testing.T, o presence.Options, test func(t *testing.T, rt *frameworktest.Program)) {
	for _, runs := range []string{"once", "twice"} {
		t.Run(runs, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt := frameworktest.New(t, framework.Config{
					Transports: []transports.Transport{ws.Transport{}, longpoll.Transport{}},
					Services:   []framework.Service{presence.New(o)},
				})
				if runs == "twice" {
					rt.Twice()
				}
				test(t, rt)
			})
		})
	}
}

// watcher is somebody who watches a room, and notes who comes and goes.
type watcher struct {
	mu     sync.Mutex
	frames int
	people map[string]presence.Person
	came   map[string]int
	went   map[string]int
}

func watch(t *testing.T, rt *frameworktest.Program, room string) *watcher {
	w := &watcher{came: map[string]int{}, went: map[string]int{}}
	_, err := rt.Connect(framework.User{}).State(t.Context(), "presence/"+room, func(value json.RawMessage) {
		var people map[string]presence.Person
		if err := json.Unmarshal(value, &people); err != nil {
			t.Error(err)
		}
		w.take(people)
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *watcher) take(people map[string]presence.Person) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id := range people {
		if _, was := w.people[id]; !was {
			w.came[id]++
		}
	}
	for id := range w.people {
		if _, is := people[id]; !is {
			w.went[id]++
		}
	}
	w.frames, w.people = w.frames+1, people
}

// told says who is there, when everything was told: "ann bob(away)".
func (w *watcher) told() string {
	time.Sleep(time.Second)
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, id := range slices.Sorted(maps.Keys(w.people)) {
		if w.people[id].Away {
			id += "(away)"
		}
		all = append(all, id)
	}
	return strings.Join(all, " ")
}

// want fails the test if somebody else is there.
func (w *watcher) want(t *testing.T, people string) {
	t.Helper()
	if got := w.told(); got != people {
		t.Errorf("there are %q, want %q", got, people)
	}
}

// wantOnce fails the test if somebody has come, or gone, more than once.
func (w *watcher) wantOnce(t *testing.T, came, went string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for what, row := range map[string]struct {
		times map[string]int
		want  string
	}{"came": {w.came, came}, "went": {w.went, went}} {
		var got []string
		for _, id := range slices.Sorted(maps.Keys(row.times)) {
			got = append(got, id)
			if n := row.times[id]; n > 1 {
				t.Errorf("%s %s %d times", id, what, n)
			}
		}
		if s := strings.Join(got, " "); s != row.want {
			t.Errorf("%q %s, want %q", s, what, row.want)
		}
	}
}

func enter(c *frameworktest.Client, room string) { c.Call("presence.enter", room, nil) }
func leave(c *frameworktest.Client, room string) { c.Call("presence.leave", room, nil) }

func goodbye(t *testing.T, c *frameworktest.Client) {
	t.Helper()
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// page is a page over long-polling that the test plays, so that it may stay away for as long as it likes.
type page struct {
	t    *testing.T
	rt   *frameworktest.Program
	auth string
	n    int
}

func newPage(t *testing.T, rt *frameworktest.Program, user framework.User) *page {
	auth, err := rt.Auth(user)(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := &page{t: t, rt: rt, auth: auth}
	p.say("lp", fmt.Sprintf(`H{"v":1,"key":%q,"c":1,"auth":%q}`, pageKey, auth))
	return p
}

const pageKey = "00000000000000000000AA"

func (p *page) say(path, body string) string {
	rw := httptest.NewRecorder()
	p.rt.Server().ServeHTTP(rw, httptest.NewRequestWithContext(p.t.Context(), http.MethodPost, "/rt/"+path, strings.NewReader(body)))
	return rw.Body.String()
}

// call calls a method.
func (p *page) call(method, payload string) {
	p.t.Helper()
	p.n++
	if got := p.say("up", fmt.Sprintf("K%s,,0|%q\nC%d,presence.%s%s", pageKey, p.auth, p.n, method, payload)); !strings.HasPrefix(got, fmt.Sprintf("a%d,", p.n)) {
		p.t.Errorf("%s(%s) is answered %q", method, payload, got)
	}
}

// poll returns what there is to hear.
func (p *page) poll(attach int) string {
	return p.say("lp", fmt.Sprintf(`H{"v":1,"key":%q,"c":%d,"cur":"0.","now":true,"auth":%q}`, pageKey, attach, p.auth))
}
