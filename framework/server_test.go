package framework_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
)

func TestNewSaysWhatIsWrong(t *testing.T) {
	ok := func(*framework.Turn, int) error { return nil }
	for name, row := range map[string]struct {
		cfg  framework.Config
		want string
	}{
		"service name":    {framework.Config{Services: []framework.Service{{Name: "a b"}}}, `service 0: name "a b" is not a letter, then letters, digits and underscores`},
		"service twice":   {framework.Config{Services: []framework.Service{{Name: "a"}, {Name: "a"}}}, `service "a" is listed twice`},
		"method name":     {framework.Config{Services: []framework.Service{{Name: "a", Methods: framework.Methods{"b.c": framework.Event(ok)}}}}, `method name "b.c"`},
		"method then":     {framework.Config{Services: []framework.Service{{Name: "a", Methods: framework.Methods{"then": framework.Event(ok)}}}}, `method name "then"`},
		"nil method":      {framework.Config{Services: []framework.Service{{Name: "a", Methods: framework.Methods{"b": framework.Event[int](nil)}}}}, `method "b" has no function`},
		"client method":   {framework.Config{Services: []framework.Service{{Name: "a", Client: framework.ClientMethods{"b.c": framework.Notice[int]()}}}}, `client method "b.c" is not a letter`},
		"no client type":  {framework.Config{Services: []framework.Service{{Name: "a", Client: framework.ClientMethods{"b": {}}}}}, `client method "b" has no type`},
		"own service":     {framework.Config{Services: []framework.Service{{Name: "sojourn"}}}, `service "sojourn": the name is that of the framework's own service`},
		"topic rule":      {framework.Config{Services: []framework.Service{{Name: "a", Topics: []framework.Stream{&framework.Topic[int]{Name: "t"}}}}}, `topic "t": Subscribe is nil: say who may subscribe`},
		"nil topic":       {framework.Config{Services: []framework.Service{{Name: "a", Topics: []framework.Stream{nil}}}}, "a nil in Topics"},
		"volatile keeps":  {framework.Config{Services: []framework.Service{{Name: "a", Topics: []framework.Stream{&framework.Topic[int]{Name: "t", Volatile: true, Keep: 1, Subscribe: framework.Anyone}}}}}, "a volatile topic keeps nothing"},
		"two topics":      {framework.Config{Services: []framework.Service{{Name: "a", Topics: []framework.Stream{short, &framework.Topic[int]{Name: "short", Subscribe: framework.Anyone}}}}}, `topic "short" is also another stream's name`},
		"continuation":    {framework.Config{Services: []framework.Service{{Name: "a", Continuations: []framework.Continuation{yes, yes}}}}, `continuation "yes" is listed twice`},
		"negative time":   {framework.Config{TTL: -1}, "TTL is negative"},
		"build":           {framework.Config{Build: strings.Repeat("b", 65)}, "Build has 65 bytes, more than 64"},
		"origin":          {framework.Config{Transports: []transports.Transport{longpoll.Transport{}}, Origins: []string{"example.com"}}, "example.com"},
		"transport twice": {framework.Config{Transports: []transports.Transport{longpoll.Transport{}, longpoll.Transport{}}}, "longpoll"},
	} {
		t.Run(name, func(t *testing.T) {
			rt, err := framework.New(row.cfg)
			if err == nil {
				rt.Close()
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), row.want) {
				t.Errorf("the error is %q, which lacks %q", err, row.want)
			}
		})
	}
}

func TestReady(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(1)
		get := func() int {
			r, err := http.Get(w.url + "/ready")
			if err != nil {
				t.Fatal(err)
			}
			r.Body.Close()
			return r.StatusCode
		}
		if status := get(); status != 200 {
			t.Errorf("ready: %d", status)
		}
		i := w.first()
		ctx, cancel := context.WithCancel(w.Context())
		cancel()
		_ = i.rt.Drain(ctx)
		if status := get(); status != 503 {
			t.Errorf("ready while draining: %d", status)
		}
	})
}

// The script is revalidated, not sent again; a page of another origin may load it.
func TestScript(t *testing.T) {
	w := newWorld(t, "ws", "")
	w.run(2, ledger())
	get := func(i *instance, tag string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/rt/client.js", nil)
		if tag != "" {
			r.Header.Set("If-None-Match", tag)
		}
		rw := httptest.NewRecorder()
		i.rt.ServeHTTP(rw, r)
		return rw
	}
	first := get(w.instances[0], "")
	tag := first.Header().Get("ETag")
	if first.Code != 200 || first.Body.Len() < 1000 || tag == "" || first.Header().Get("Access-Control-Allow-Origin") != "*" ||
		!strings.Contains(first.Header().Get("Cache-Control"), "private") {
		t.Errorf("%d, %d bytes, %v", first.Code, first.Body.Len(), first.Header())
	}
	if again := get(w.instances[1], tag); again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("asked again, another instance says %d and %d bytes", again.Code, again.Body.Len())
	}
}

func TestBadInputIsSurvived(t *testing.T) {
	onEachStore(t, func(w *world) {
		w.run(2, ledger())
		hello := `H{"v":1,"key":"` + rawKey + `","c":1}`
		w.post("/lp", hello)
		key := "K" + rawKey + ",,0\n"
		for _, row := range []struct {
			path, body string
			status     int
			begins     string
		}{
			{"/lp", "", 400, "z4001,"},
			{"/lp", "hello", 400, "z4001,"},
			{"/lp", "H{", 400, "z4001,"},
			{"/lp", `H{"v":1,"key":"short","c":1}`, 400, "z4001,"},
			{"/lp", `H{"v":2,"key":"` + rawKey + `","c":1}`, 400, "z4009,"},
			{"/lp", `H{"v":1,"key":"BBBBBBBBBBBBBBBBBBBBBB","c":1,"cur":"5.abcde"}`, 200, "z4004,"}, // forged: no such socket
			{"/up", "Kshort,,0\nC1,ledger.add|1", 400, "z4001,"},
			{"/up", "KBBBBBBBBBBBBBBBBBBBBBB,,0\nC1,ledger.add|1", 200, "z4004,"},
			{"/up", key + "C1", 200, "a1,"}, // a call of no method is answered with an error
			{"/up", key + "Cx,ledger.add|1", 400, "z4001,"},
			{"/up", key + "C99,ledger.add|1", 200, "g2"},
			{"/up", key + "C2,ledger.add|{", 200, "a2,"},
			{"/up", key + "S3,nowhere/x", 200, "a3,"},
			{"/up", key + "S4,lines/" + strings.Repeat("x", 300), 200, "a4,"},
			{"/up", key + "R5,nothing|1", 200, "a5,"},
			{"/up", key + "Z9,of a later version", 200, ""},
			{"/up", key + "C6,ledger.push|" + strings.Repeat("1", 70_000), 413, "z4007,"},
			{"/up", key + strings.Repeat("A1.x\n", 300_000), 413, "z4007,"},
			{"/nowhere", hello, 404, ""},
		} {
			status, text := w.post(row.path, row.body)
			if status != row.status || !strings.HasPrefix(text, row.begins) {
				t.Errorf("%s %.60q: %d %.60q, want %d %q", row.path, row.body, status, text, row.status, row.begins)
			}
		}
		_, text := w.post("/lp", `H{"v":1,"key":"`+rawKey+`","c":2,"cur":"0.","now":true}`)
		for n, code := range map[int]string{1: "not_found", 2: "invalid", 3: "not_found", 4: "not_found"} {
			if !strings.Contains(text, fmt.Sprintf(`,%d|{"code":"%s"`, n, code)) && !strings.Contains(text, fmt.Sprintf(`,%d|{"code":"invalid"`, n)) {
				t.Errorf("message %d was not answered with %s:\n%s", n, code, text)
			}
		}
	})
}

func TestForeignOriginIsRefused(t *testing.T) {
	everywhere(t, func(w *world) {
		w.cfg.Origins = []string{"https://friend.example"}
		w.run(1, ledger())
		for origin, want := range map[string]bool{
			"https://evil.example": false, "null": false, "https://friend.example": true,
			strings.TrimSuffix(w.url, "/rt"): true,
		} {
			ctx, cancel := context.WithTimeout(w.Context(), patience)
			defer cancel()
			c, err := client.Dial(ctx, w.url, &client.Options{
				Transports: []string{w.transport}, Header: http.Header{"Origin": {origin}}, Reconnect: client.Reconnect{Attempts: 1},
			})
			if (err == nil) != want {
				t.Errorf("origin %s: %v", origin, err)
			}
			if err == nil {
				c.Abandon()
			}
		}
	})
}
