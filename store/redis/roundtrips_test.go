package redis_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/internal/redistest"
	"github.com/sojourn-go/sojourn/store/redis"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// during returns the commands that went to a Redis while f ran, but for the watch's own look whether it still hears, which comes with time and not with
// anything that is done. A command waits for its answer before what it is for goes on, so the number of commands is that of round trips.
func during(p *redistest.Proxy, f func()) []string {
	p.Commands()
	f()
	return slices.DeleteFunc(p.Commands(), func(c string) bool { return c == "PUBLISH" })
}

var (
	news  = &framework.Topic[int]{Name: "news", Subscribe: framework.Anyone}
	tally = &framework.State[int]{Name: "tally", Subscribe: framework.Anyone}
)

// startInstance starts an instance of a small service that is ready.
func startInstance(t *testing.T, url string) string {
	s, err := redis.Open(t.Context(), url, redis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rt, err := framework.New(framework.Config{
		Store: s, Log: slog.New(slog.DiscardHandler), Transports: []transports.Transport{ws.Transport{}, longpoll.Transport{}},
		Services: []framework.Service{{Name: "test", Topics: []framework.Stream{news, tally}, Methods: framework.Methods{
			"call": framework.Call(func(_ *framework.Turn, n int) (int, error) { return n, nil }),
			"tell": framework.Event(func(t *framework.Turn, n int) error { return news.Publish(t, "all", n) }),
			"count": framework.Call(func(t *framework.Turn, key string) (n int, err error) {
				return n, tally.Update(t, key, func(v *int) error { *v++; n = *v; return nil })
			}),
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := rt.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(rt)
	t.Cleanup(func() {
		rt.Close()
		srv.Close()
		s.Close()
	})
	return srv.URL
}

func TestRoundTrips(t *testing.T) {
	p := redistest.StartProxy(t, redistest.StartT(t).Addr())
	warm := startInstance(t, p.URL())
	const key = "AAAAAAAAAAAAAAAAAAAAAA"
	post := func(url, body, want string) func() {
		return func() {
			t.Helper()
			r, err := http.Post(url, "text/plain", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Body.Close()
			if b, err := io.ReadAll(r.Body); err != nil || !strings.Contains(string(b), want) {
				t.Fatalf("%s: %q, %v; want %q in it", body, b, err, want)
			}
		}
	}
	hello := func(c int, more string) string {
		return `H{"v":1,"key":"` + key + `","c":` + strconv.Itoa(c) + more + `}`
	}
	costs := func(name string, want int, f func()) {
		t.Helper()
		if got := during(p, f); len(got) != want {
			t.Errorf("%s: %d round trips, want %d: %v", name, len(got), want, got)
		}
	}
	up := "K" + key + ",,0\n"

	costs("open", 1, post(warm+"/lp", hello(1, ""), `h{`))
	costs("POST, on the instance that knows the socket", 1, post(warm+"/up", up+"C1,test.call|1", "a1,1"))
	cold := startInstance(t, p.URL())
	costs("POST, on an instance that is new to the socket", 2, post(cold+"/up", up+"C2,test.call|1", "a2,2"))
	costs("subscription", 1, post(warm+"/up", up+"S3,news/all", "a3,3"))
	costs("poll, on an instance that does not watch the topic yet", 3, post(warm+"/lp", hello(2, `,"cur":"0."`), `s3.`))
	post(warm+"/up", up+"C4,test.tell|7", "a4,3")()
	costs("poll, on the instance that does", 1, post(warm+"/lp", hello(3, `,"cur":"0."`), `t1,1.`))
	other := startInstance(t, p.URL())
	costs("poll or resume, on a cold instance", 3, post(other+"/lp", hello(4, `,"cur":"0."`), `t1,1.`))

	c, _, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(warm, "http")+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	say := func(frame, want string) func() {
		return func() {
			t.Helper()
			if err := c.WriteMessage(websocket.TextMessage, []byte(frame)); err != nil {
				t.Fatal(err)
			}
			for want != "" {
				_, b, err := c.ReadMessage()
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(string(b), want) {
					return
				}
			}
		}
	}
	const wsKey = "BBBBBBBBBBBBBBBBBBBBBB"
	costs("open, on ws", 1, say(`H{"v":1,"key":"`+wsKey+`","c":1}`, "h{"))
	costs("call, on ws", 1, say("C1,test.call|5", ",1|5"))
	costs("call, on ws, that reads a state", 2, say(`C2,test.count|"x"`, ",2|1"))
	costs("acknowledgements and the call that they ride on", 1, func() {
		say("A1.00000\nA2.00000", "")()
		say("C3,test.call|6", ",3|6")()
	})
}
