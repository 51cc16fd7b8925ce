package framework_test

import (
	"fmt"
	"html/template"
	"regexp"
	"strings"
	"testing/fstest"

	"github.com/sojourn-go/sojourn/framework"
)

// page has an element for each asset. Loaded by integrity, app.js is what the page's own script then imports by the same URL.
var page = template.Must(template.New("page").Parse(`<!doctype html>
{{range . -}}
{{if eq .Name "app.js"}}<script type="module" src="/rt/{{.Path}}" integrity="{{.Integrity}}"></script>
{{else if eq .Type "text/css; charset=utf-8"}}<link rel="stylesheet" href="/rt/{{.Path}}" integrity="{{.Integrity}}">
{{end}}{{end}}`))

// A page's template makes its links of the server's assets: what they name never changes, so that browsers keep it.
func ExampleServer_Assets() {
	// A program embeds these:
	//
	//	//go:embed client.js public
	//	var files embed.FS
	files := fstest.MapFS{
		"client.js":       {Data: []byte("export default ({ server }) => ({ say: text => server.say(text) })\n")},
		"public/chat.css": {Data: []byte("p { color: green }\n")},
		"public/logo.svg": {Data: []byte("<svg/>")},
	}
	rt, err := framework.New(framework.Config{Services: []framework.Service{{Name: "chat", Files: files}}})
	if err != nil {
		panic(err)
	}
	defer rt.Close()
	var html strings.Builder
	if err := page.Execute(&html, rt.Assets()); err != nil {
		panic(err)
	}
	hashes := regexp.MustCompile(`(app-|sha384-)[^".]*`) // shortened here; that of app.js is another one with each release of the framework
	fmt.Print(hashes.ReplaceAllString(html.String(), "$1..."))
	// Output:
	// <!doctype html>
	// <script type="module" src="/rt/assets/app-....js" integrity="sha384-..."></script>
	// <link rel="stylesheet" href="/rt/assets/chat-2e42dbab273dc9c6/chat.css" integrity="sha384-...">
}
