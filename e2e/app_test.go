package e2e

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sojourn-go/sojourn/framework"
	seam "github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// backwards is a codec: JSON from its end to its beginning.
type backwards struct{}

func (backwards) Marshal(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	slices.Reverse(text)
	return text, err
}

func (backwards) Unmarshal(data []byte, v any) error {
	text := slices.Clone(data)
	slices.Reverse(text)
	return json.Unmarshal(text, v)
}

// greeter is a service that is greeted, and then has its page's half say so.
var greeter = framework.Service{
	Name:  "greeter",
	Codec: backwards{},
	Methods: framework.Methods{"hello": framework.Event(func(t *framework.Turn, name string) error {
		return t.Send(t.Socket(), "greeter.greet", "hello "+name)
	})},
	Files: fstest.MapFS{
		"client.js": {Data: []byte(`export const codec = {
  encode: value => new TextEncoder().encode(JSON.stringify(value)).reverse(),
  decode: bytes => JSON.parse(new TextDecoder().decode(bytes.slice().reverse()))
}
export default ({ server, handle }) => {
  handle({ greet: text => { document.querySelector('p').textContent = text } })
  return {
    hello: name => server.hello(name),
    fail() { throw new Error('mine') }
  }
}
`)},
		"public/greeter.css":       {Data: []byte("@import './parts/colours.css';")},
		"public/parts/colours.css": {Data: []byte("p { color: rgb(1, 2, 3) }")},
		"public/page.js": {Data: []byte(`const { connect } = await import(document.querySelector('#app').src)
const { greeter } = connect()
window.greeter = greeter
greeter.hello('Ann')
`)},
	},
}

var greeterPage = template.Must(template.New("page").Parse(`<!doctype html><title>Greeter</title><p></p>
{{range .}}{{if eq .Name "app.js"}}<script id="app" type="module" src="/rt/{{.Path}}" integrity="{{.Integrity}}"></script>
{{else if eq .Name "page.js"}}<script type="module" src="/rt/{{.Path}}" integrity="{{.Integrity}}"></script>
{{else if eq .Name "greeter.css"}}<link rel="stylesheet" href="/rt/{{.Path}}" integrity="{{.Integrity}}">
{{end}}{{end}}`))

// A page that may run nothing but what comes from its own origin, and that knows the digests of what it runs, has the whole app: halves that call and
// are called, by a codec of their own, and a stylesheet that finds others beside it. What a half throws can be traced to its own file.
func TestAppUnderAStrictPolicy(t *testing.T) {
	t.Parallel()
	rt, err := framework.New(framework.Config{Transports: []seam.Transport{ws.Transport{}}, Services: []framework.Service{greeter}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; report-uri /violation")
		if err := greeterPage.Execute(w, rt.Assets()); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("/violation", func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		t.Errorf("the policy is violated: %s", text)
	})
	mux.Handle("/rt/", rt)
	server := httptest.NewServer(mux)
	defer server.Close()
	defer rt.Close()

	ann := visit(t, "Ann", server.URL)
	until(t, func() string {
		type look struct{ Text, Colour string }
		got, err := evaluate[look](ann, `({ text: $('p').textContent, colour: getComputedStyle($('p')).color })`)
		if want := (look{"hello Ann", "rgb(1, 2, 3)"}); err != nil || got != want {
			return fmt.Sprintf("the page has %+v, not %+v: %v", got, want, err)
		}
		return ""
	})
	stack, err := evaluate[string](ann, `(() => { try { greeter.fail() } catch (e) { return e.stack } })()`)
	if err != nil || !strings.Contains(stack, "/rt/assets/app-") {
		t.Errorf("the error comes from %q: %v", stack, err)
	}
	sources, err := evaluate[string](ann, `fetch($('#app').src + '.map').then(r => r.json()).then(m => m.sections.flatMap(s => s.map.sources).join(' '))`)
	if err != nil || !strings.Contains(sources, "greeter/client.js") {
		t.Errorf("the map has %q: %v", sources, err)
	}
}
