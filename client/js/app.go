package js

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/sojourn-go/sojourn/client/js/internal/parts"
	"github.com/sojourn-go/sojourn/client/js/internal/sourcemap"
)

//go:embed dist/app.min.js
var join []byte

//go:embed dist/discover.min.js
var discoverer []byte

//go:embed dist/*.min.js.map
var maps embed.FS

// App is one ES module for pages: the client with its transports, and the client halves of services. It exports connect(options), which returns
// what client/js/types/app.d.ts describes.
type App struct {
	sections   []section
	transports []string
	discovers  bool
}

// section is a part of the module, whole lines.
type section struct {
	text   string
	name   string // of the script, or of the half's service
	stamp  string // of the script
	source []byte // of a half: what the text is made of, but for its first and its last line
}

// NewApp makes an App. discover: the server tells what services it has, and the app's client can ask it. The error says all that is wrong with the halves.
func NewApp(halves []Half, discover bool, transports ...Part) (*App, error) {
	a := &App{discovers: discover}
	a.add("core", core)
	for _, t := range transports {
		if len(t.Script) > 0 {
			a.add(t.Name, t.Script)
			a.transports = append(a.transports, t.Name)
		}
	}
	a.add("app", join)
	if discover {
		a.add("discover", discoverer)
	}
	a.sections = append(a.sections, section{text: "const sojourn_halves={}\n"})
	var errs []error
	for _, h := range halves {
		begin := "sojourn_halves." + h.Service + "="
		if h.Text == nil && h.Service == "rt" { // whose name in an app is the client's
			continue
		}
		if h.Text == nil {
			a.sections = append(a.sections, section{text: begin + "null\n"})
			continue
		}
		wrapped, err := h.wrap()
		if err != nil {
			errs = append(errs, fmt.Errorf("service %q: client.js: %w", h.Service, err))
		}
		a.sections = append(a.sections, section{text: begin + wrapped, name: h.Service, source: h.Text})
	}
	return a, errors.Join(errs...)
}

func (a *App) add(name string, script []byte) {
	stamp, text := parts.Cut(script)
	a.sections = append(a.sections, section{text: string(text), name: name, stamp: stamp})
}

// Module returns the text: UTF-8, to be served as text/javascript. mount is the URL of the server's mount relative to the module's own, "." or "..";
// sourceMap that of what [App.Map] returns.
func (a *App) Module(mount, sourceMap string) []byte {
	var b strings.Builder
	for _, s := range a.sections {
		b.WriteString(s.text)
	}
	fmt.Fprintf(&b, "export const connect=o=>{const rt=sojourn_connect(new URL(%q,import.meta.url).href,o,%s);", mount, parts.List(a.transports))
	if a.discovers {
		b.WriteString("rt.discover=()=>sojourn_discover(rt);")
	}
	b.WriteString("try{return sojourn_join(rt,sojourn_halves,o)}catch(e){rt.close();throw e}}\n")
	fmt.Fprintf(&b, "//# sourceMappingURL=%s\n", sourceMap)
	return []byte(b.String())
}

// Map returns the module's source map, JSON. In it a half's file is <service>/client.js.
func (a *App) Map() []byte {
	index := sourcemap.Index{Version: 3}
	line := 0
	from := func(line int, m sourcemap.Map) {
		index.Sections = append(index.Sections, sourcemap.Section{Offset: sourcemap.Place{Line: line}, Map: m})
	}
	nowhere := sourcemap.Map{Version: 3, Sources: []string{}, SourcesContent: []string{}, Names: []string{}, Mappings: "A"}
	for _, s := range a.sections {
		next := line + strings.Count(s.text, "\n")
		switch {
		case s.source != nil:
			from(line, nowhere)
			from(line+1, plain(s.name+"/client.js", string(s.source)))
			from(next-1, nowhere)
		case s.stamp != "":
			from(line, s.built())
		case s.name == "":
			from(line, nowhere)
		default:
			from(line, plain("sojourn/transports/"+s.name+".js", s.text))
		}
		line = next
	}
	from(line, nowhere)
	text, _ := json.Marshal(index) // of strings and numbers: no error
	return text
}

// built returns the map that was built together with the script.
func (s section) built() (m sourcemap.Map) {
	text, err := maps.ReadFile("dist/" + s.name + ".min.js.map")
	if err != nil || json.Unmarshal(text, &m) != nil || m.File != s.stamp { // somebody else's, of the same name
		return plain("sojourn/transports/"+s.name+".js", s.text)
	}
	return m
}

// plain maps each line of a file to itself.
func plain(name, text string) sourcemap.Map {
	return sourcemap.Map{
		Version: 3, Sources: []string{name}, SourcesContent: []string{text}, Names: []string{}, Mappings: sourcemap.Lines(text),
	}
}
