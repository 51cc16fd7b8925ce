package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/sojourn-go/sojourn/framework"
	seam "github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/sse"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// vault is a server that counts what takes effect. Its visitors are known by a cookie.
type vault struct {
	URL string
	as  string // whose cookie the test's own requests have, if anybody's

	ran atomic.Int32 // methods, volatile ones included

	mu       sync.Mutex
	asked    map[string]int    // requests to endpoints, by "origin method endpoint cookie"
	visitors map[string]string // by the socket that was opened: who Identify said that it is
}

func newVault(t *testing.T, origins ...string) *vault {
	t.Helper()
	v := &vault{asked: map[string]int{}, visitors: map[string]string{}}
	run := framework.Call(func(_ *framework.Turn, text string) (string, error) {
		v.ran.Add(1)
		return "opened for " + text, nil
	})
	rt, err := framework.New(framework.Config{
		Transports: []seam.Transport{ws.Transport{}, sse.Transport{}, longpoll.Transport{}},
		Origins:    origins,
		Identify: func(r *http.Request) (framework.User, error) {
			cookie, err := r.Cookie("visitor")
			if err != nil {
				return framework.User{}, nil
			}
			return framework.User{ID: cookie.Value}, nil
		},
		Services: []framework.Service{{
			Name:    "vault",
			Methods: framework.Methods{"run": run, "peek": run.Volatile()},
			Connect: func(turn *framework.Turn) error {
				v.mu.Lock()
				defer v.mu.Unlock()
				v.visitors[turn.Socket()] = turn.User().ID
				return nil
			},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "<!doctype html><title>Vault</title>")
	})
	mux.HandleFunc("/enter", func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "visitor", Value: "Ann", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
		io.WriteString(w, "<!doctype html><title>Vault</title>")
	})
	mux.HandleFunc("/rt/", func(w http.ResponseWriter, r *http.Request) {
		_, err := r.Cookie("visitor")
		v.mu.Lock()
		v.asked[fmt.Sprintf("%s %s %s %t", r.Header.Get("Origin"), r.Method, strings.TrimPrefix(r.URL.Path, "/rt/"), err == nil)]++
		v.mu.Unlock()
		rt.ServeHTTP(w, r)
	})
	server := httptest.NewServer(mux)
	v.URL = server.URL
	t.Cleanup(func() {
		rt.Close()
		server.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return v
}

// requests returns how often an endpoint was asked by a page of an origin, with the visitor's cookie or without.
func (v *vault) requests(origin, method, endpoint string, cookie bool) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.asked[fmt.Sprintf("%s %s %s %t", origin, method, endpoint, cookie)]
}

// opened returns how many sockets were opened, and how many of them by a visitor.
func (v *vault) opened(visitor string) (all, by int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, who := range v.visitors {
		if who == visitor {
			by++
		}
	}
	return len(v.visitors), by
}

// victim opens a socket as a program does, and returns its key: what an attacker would never have.
func (v *vault) victim(t *testing.T) (key string) {
	t.Helper()
	key = "VVVVVVVVVVVVVVVVVVVVVQ"
	status, text := v.post(t, "lp", `H{"v":1,"key":"`+key+`","c":1}`)
	if status != http.StatusOK || !strings.HasPrefix(text, "h") {
		t.Fatalf("the victim's hello: %d %q", status, text)
	}
	return key
}

func (v *vault) post(t *testing.T, endpoint, body string) (status int, text string) {
	t.Helper()
	return v.ask(t, http.MethodPost, endpoint, body)
}

func (v *vault) get(t *testing.T, endpoint string) (status int, text string) {
	t.Helper()
	return v.ask(t, http.MethodGet, endpoint, "")
}

// ask makes a request as a program does, which names no origin: as the visitor v.as.
func (v *vault) ask(t *testing.T, method, endpoint, body string) (status int, text string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, v.URL+"/rt/"+endpoint, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "text/plain")
	if v.as != "" {
		request.AddCookie(&http.Cookie{Name: "visitor", Value: v.as})
	}
	r, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	all, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(all)
}

// elsewhere is a server of somebody else.
type elsewhere struct {
	sameSite, crossSite string // its origins: one is of the vault's site, as far as a browser is concerned
	script              string // its /client.js
}

func newElsewhere(t *testing.T) *elsewhere {
	t.Helper()
	e := &elsewhere{}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "<!doctype html><title>Elsewhere</title>")
	})
	mux.HandleFunc("/client.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		io.WriteString(w, e.script)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	e.sameSite, e.crossSite = server.URL, strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	return e
}

// attack is all that a page can try. It resolves to what came of each attempt: "refused", "opaque" (the page is not told), or what it could read.
const attack = `(async (vault, key) => {
	const outcome = {}
	let attaches = 1
	const attempt = async (name, run) => {
		const late = new Promise(done => setTimeout(done, 3000, 'nothing'))
		outcome[name] = await Promise.race([run(), late]).catch(() => 'refused')
	}
	const random = () => btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(18)))).replace(/\W/g, 'A').slice(0, 21) + 'A'
	const hello = (key, c) => 'H' + JSON.stringify({ v: 1, key, c })
	const message = n => 'K' + key + ',,0\nC' + n + ',vault.run|"page"\nW' + n + ',vault.peek|"page"'
	const read = async response => {
		if (response.type === 'opaque') return 'opaque'
		const reader = response.body.getReader()
		const { value } = await reader.read()
		reader.cancel()
		return new TextDecoder().decode(value)
	}
	for (const mode of ['cors', 'no-cors']) for (const credentials of ['include', 'omit']) {
		const how = mode + ' ' + credentials + ' '
		const post = (endpoint, body) => fetch(vault + '/rt/' + endpoint, { method: 'POST', body, mode, credentials }).then(read)
		await attempt(how + 'lp', () => post('lp', hello(random(), 1)))
		await attempt(how + 'sse', () => post('sse', hello(random(), 1)))
		await attempt(how + 'victim lp', () => post('lp', hello(key, ++attaches)))
		await attempt(how + 'victim sse', () => post('sse', hello(key, ++attaches)))
		await attempt(how + 'up', () => post('up', message(1)))
	}
	await attempt('preflight', () => fetch(vault + '/rt/up', { method: 'POST', body: message(1), credentials: 'include',
		headers: { 'Content-Type': 'application/json', Authorization: 'Bearer page' } }).then(read))
	for (const [name, secret] of [['ws', random()], ['victim ws', key]]) await attempt(name, () => new Promise((yes, no) => {
		const socket = new WebSocket(vault.replace('http', 'ws') + '/rt/ws')
		socket.onopen = () => socket.send(hello(secret, ++attaches))
		socket.onmessage = ({ data }) => yes(data)
		socket.onerror = no
	}))
	await attempt('eventsource', () => new Promise((yes, no) => {
		const source = new EventSource(vault + '/rt/sse', { withCredentials: true })
		source.onmessage = ({ data }) => yes(data)
		source.onerror = () => no(source.close())
	}))
	await attempt('script', async () => Object.keys(await import(vault + '/rt/client.js')).join())
	await attempt('form', () => new Promise(done => {
		const frame = document.createElement('iframe')
		frame.name = 'form'
		const form = document.createElement('form')
		Object.assign(form, { method: 'POST', action: vault + '/rt/up', enctype: 'text/plain', target: 'form' })
		const field = document.createElement('textarea')
		field.name = 'K' + key + ',,0\nC1,vault.run|"page'
		field.value = '"'
		form.append(field)
		document.body.append(frame, form)
		frame.onload = () => done('opaque')
		form.submit()
	}))
	await attempt('image', () => new Promise((yes, no) => Object.assign(new Image(), { onload: () => yes('loaded'), onerror: no, src: vault + '/rt/lp' })))
	await attempt('sandbox', () => new Promise(done => { // whose origin is null
		const frame = document.createElement('iframe')
		frame.sandbox = 'allow-scripts'
		const post = { method: 'POST', body: message(1), mode: 'no-cors', credentials: 'include' }
		const script = 'fetch(' + JSON.stringify(vault + '/rt/up') + ',' + JSON.stringify(post) + ').finally(() => parent.postMessage("opaque", "*"))'
		frame.srcdoc = '<script>' + script + '</' + 'script>'
		onmessage = ({ data }) => done(data)
		document.body.append(frame)
	}))
	await attempt('beacon', async () => navigator.sendBeacon(vault + '/rt/up', message(1)) && 'opaque')
	return outcome
})(%q, %q)`

func (v *vault) attacked(t *testing.T, by *tab, key string) map[string]string {
	t.Helper()
	outcome, err := evaluate[map[string]string](by, fmt.Sprintf(attack, v.URL, key))
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

// A page of a foreign origin can try what it likes, with its visitor's cookies or without: nothing takes effect, and it reads nothing.
func TestForeignPage(t *testing.T) {
	t.Parallel()
	other := newElsewhere(t)
	for _, test := range []struct {
		name, origin string
		cookies      bool // the browser sends those of the vault along
	}{{"same site", other.sameSite, true}, {"another site", other.crossSite, false}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := newVault(t)
			v.as = "Ann"
			key := v.victim(t)
			page := visit(t, "Ann", v.URL+"/enter")
			page.do(chromedp.Navigate(test.origin))
			outcome := v.attacked(t, page, key)
			for name, what := range outcome {
				if name == "script" { // anybody may have it; it does not help
					continue
				}
				if what != "refused" && what != "opaque" {
					t.Errorf("%s: the page was told %q", name, what)
				}
			}
			until(t, func() string {
				for endpoint, n := range map[string]int{"lp": 8, "sse": 8, "up": 6} { // with cookies and without
					with, without := v.requests(test.origin, "POST", endpoint, true), v.requests(test.origin, "POST", endpoint, false)
					if with+without < n {
						return fmt.Sprintf("%d requests of the page reached %s, want %d", with+without, endpoint, n)
					}
					if test.cookies && with < n/2 {
						return fmt.Sprintf("%d requests of the page reached %s with the cookie, want %d", with, endpoint, n/2)
					}
				}
				if v.requests(test.origin, "GET", "ws", test.cookies) < 2 {
					return "no WebSocket reached the vault"
				}
				if v.requests("null", "POST", "up", false)+v.requests("null", "POST", "up", true) < 1 {
					return "the sandboxed frame's request did not reach the vault"
				}
				return ""
			})
			opened, _ := v.opened("")
			if ran := v.ran.Load(); opened != 1 || ran != 0 {
				t.Errorf("%d sockets were opened beside the victim's, and %d methods ran", opened-1, ran)
			}
			if status, text := v.post(t, "up", "K"+key+",,0\nC1,vault.run|\"Ann\""); status != http.StatusOK || text != "a1,1\n" {
				t.Errorf("the victim's first message: %d %q", status, text)
			}
		})
	}
}

// What a foreign page tries works for a page of the vault's own, for a visitor without the cookie: if it did not, that it is refused would show
// nothing.
func TestAttackWorksAtHome(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	key := v.victim(t)
	page := visit(t, "Ann", v.URL)
	outcome := v.attacked(t, page, key)
	for _, name := range []string{"cors include lp", "no-cors omit sse", "cors omit victim lp", "ws", "victim ws"} {
		if got := outcome[name]; !strings.Contains(got, "h{") && !strings.HasPrefix(got, ":") {
			t.Errorf("%s: %q, want a hello", name, got)
		}
	}
	if got := outcome["script"]; !strings.Contains(got, "connect") {
		t.Errorf("script: %q, want connect", got)
	}
	if opened, _ := v.opened(""); opened != 10 { // the victim's, four times two by POST, and one by WebSocket
		t.Errorf("%d sockets were opened, want 10: %v", opened, outcome)
	}
	until(t, func() string { // message 1 once; the volatile one by each POST that had it: four, one with a preflight at other origins, a beacon
		if ran := v.ran.Load(); ran != 7 {
			return fmt.Sprintf("%d methods ran, want 7: %v", ran, outcome)
		}
		return ""
	})
}

// A page of an origin that is listed converses over every transport, as the visitor that its browser's cookies say, where it sends them.
func TestListedOrigin(t *testing.T) {
	t.Parallel()
	other := newElsewhere(t)
	v := newVault(t, other.sameSite, other.crossSite)
	_, other.script = v.get(t, "client.js")
	for _, test := range []struct{ name, origin, visitor string }{{"same site", other.sameSite, "Ann"}, {"another site", other.crossSite, ""}} {
		page := visit(t, "Ann", v.URL+"/enter")
		page.do(chromedp.Navigate(test.origin))
		for i, transport := range transports {
			got, err := evaluate[[]string](page, fmt.Sprintf(`import('/client.js').then(async ({ connect }) => {
				const rt = connect(%q, { transports: [%q], credentials: 'include' })
				const answers = [await rt.service('vault').run('one'), await rt.service('vault').run('two')]
				const by = rt.transport
				rt.close()
				return [by, ...answers]
			})`, v.URL+"/rt", transport))
			if want := []string{transport, "opened for one", "opened for two"}; err != nil || !slices.Equal(got, want) {
				t.Errorf("%s, %s: %q, %v; want %q", test.name, transport, got, err, want)
			}
			if _, n := v.opened(test.visitor); n != i+1 {
				t.Errorf("%s, %s: %d sockets are of the visitor %q, want %d", test.name, transport, n, test.visitor, i+1)
			}
		}
	}
}
