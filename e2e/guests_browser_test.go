package e2e

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/internal/redistest"
)

// libraries serves a page that has the libraries below /guests/, before what else there is.
func libraries(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/guests/", http.StripPrefix("/guests/", http.FileServer(http.Dir("../examples/chat/page/lib"))))
	mux.HandleFunc("/guests/page", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "testdata/guests.html") })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/guests/") {
			mux.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// visitGuests opens the page that has the libraries.
func visitGuests(t *testing.T, name, url string) *tab {
	t.Helper()
	p := visit(t, name, url+"/guests/page")
	p.comesTo("be ready", `window.ready === true`)
	return p
}

// comesTo waits until a script is true in the page.
func (p *tab) comesTo(what, script string) {
	p.t.Helper()
	until(p.t, func() string {
		if there, err := evaluate[bool](p, script); err != nil || !there {
			return fmt.Sprintf("%s does not come to %s: %v", p.name, what, err)
		}
		return ""
	})
}

// The libraries talk to three instances in all the ways that they have in a browser, from the server's own origin and from another one.
func TestGuestsInABrowser(t *testing.T) {
	t.Parallel()
	c := startEchoes(t, 3, redistest.Start(t), libraries, "-sockjs-url", "/guests/sockjs.js",
		"-max-payload", "2000000", "-ping-interval", "1s", "-ping-timeout", "30s", "-disconnect-delay", "30s")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	for origin, url := range map[string]string{"the same origin": c.URL, "another origin": c.serve(ln, libraries(http.NotFoundHandler()))} {
		t.Run(origin, func(t *testing.T) {
			t.Parallel()
			p := visitGuests(t, "page", url)
			for _, way := range [][2]string{
				{"engineio", "polling"}, {"engineio", "websocket"}, {"engineio", "polling,websocket"},
				{"sockjs", "websocket"}, {"sockjs", "xhr-streaming"}, {"sockjs", "eventsource"}, {"sockjs", "xhr-polling"}, {"sockjs", "jsonp-polling"},
				{"sockjs", "iframe-eventsource"}, {"sockjs", "iframe-htmlfile"}, {"sockjs", "iframe-xhr-polling"},
			} {
				got, err := evaluate[struct {
					Transport string
					Right     []bool
				}](p, fmt.Sprintf(`%s(%q, %q)`, way[0], c.URL, way[1]))
				last := way[1][strings.LastIndexByte(way[1], ',')+1:]
				if err != nil || got.Transport != last || len(got.Right) == 0 || slices.Contains(got.Right, false) {
					t.Errorf("%s: %+v, %v", way, got, err)
				}
			}
		})
	}
}

// Our client over the libraries, in ways that Node has not or not as a browser has them, does not notice that instances are killed.
func TestGuestsInABrowserOutliveInstances(t *testing.T) {
	t.Parallel()
	d := startDiary(t, "1", "1", "1")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := d.serve(ln, libraries(d.lb))
	var pages []*tab
	for _, way := range [][2]string{{"engineio", "polling"}, {"engineio", "polling,websocket"}, {"sockjs", "xhr-streaming"}, {"sockjs", "eventsource"}, {"sockjs", "xhr-polling"}} {
		p := visitGuests(t, way[0]+" "+way[1], url)
		p.run(`void diary(%q, %q, %q)`, way[0], way[1], strings.ReplaceAll(p.name, ",", " "))
		pages = append(pages, p)
	}
	for _, i := range slices.Clone(d.running) {
		for _, p := range pages {
			p.run(`window.before = window.seen?.answers.length ?? 0`)
		}
		for _, p := range pages {
			p.comesTo("go on", `(window.seen?.answers.length ?? 0) >= window.before + 10`)
		}
		d.kill(i)
		d.add("1")
	}
	for _, p := range pages {
		p.run(`window.enough = true`)
		p.comesTo("have all", `window.whole?.()`)
		got, err := evaluate[struct{ Answers, Entries, Noted, Lost []string }](p, `window.seen`)
		want := numbers(len(got.Answers))
		if err != nil || len(want) < 30 || len(got.Lost) > 0 || !slices.Equal(got.Answers, want) || !slices.Equal(got.Entries, want) || !slices.Equal(got.Noted, want) {
			t.Errorf("%s has seen %+v, %v, want the numbers from 1 on", p.name, got, err)
		}
	}
}
