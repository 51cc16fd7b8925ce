package js

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/client/js/internal/parts"
	"github.com/sojourn-go/sojourn/client/js/internal/sourcemap"
	"github.com/sojourn-go/sojourn/internal/nodetest"
)

// at returns the text from a place on; columns count characters of UTF-16, all of which are whole ones in what is tested.
func at(t *testing.T, text string, p sourcemap.Place) string {
	t.Helper()
	lines := strings.SplitAfter(text, "\n")
	if p.Line >= len(lines) || p.Column > len([]rune(lines[p.Line])) {
		t.Fatalf("there is nothing at %v", p)
	}
	return string([]rune(lines[p.Line])[p.Column:]) + strings.Join(lines[p.Line+1:], "")
}

// Where a map says that a name comes from, the source has that name; where it says that a keyword or a string was, there is one in both.
func TestMapsLeadToTheSources(t *testing.T) {
	for _, p := range parts.All {
		stamp, text := parts.Cut(read(t, p.Built))
		var m sourcemap.Map
		if err := json.Unmarshal(read(t, p.Map()), &m); err != nil {
			t.Fatal(err)
		}
		if m.File != stamp {
			t.Errorf("%s is of another build: go -C client/js/build run .", p.Map())
		}
		for i, name := range m.Sources {
			if m.SourcesContent[i] != string(read(t, strings.TrimPrefix(name, "sojourn/"))) {
				t.Errorf("%s: %s has changed: go -C client/js/build run .", p.Map(), name)
			}
		}
		all, err := sourcemap.Parse(m.Mappings)
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for _, s := range all {
			there := at(t, m.SourcesContent[s.Source], s.From)
			if s.Name >= 0 && !strings.HasPrefix(strings.TrimLeft(there, "."), m.Names[s.Name]) {
				t.Errorf("%s: %q is not %q", p.Map(), m.Names[s.Name], there[:min(20, len(there))])
			}
			here := at(t, string(text), s.At)
			for _, same := range []string{"Object", "JSON", "new", "await", "setTimeout", "this"} {
				if strings.HasPrefix(there, same) {
					seen++
					if !strings.HasPrefix(here, same) {
						t.Errorf("%s: %q comes from %q", p.Map(), here[:min(20, len(here))], same)
					}
				}
			}
		}
		if seen == 0 && p == parts.Core {
			t.Error("nothing of the core was compared")
		}
	}
}

const chatHalf = `// the chat
const greet = name => {
	throw new Error('here')
}
export default ({ name, server }) => ({ greet, server })
`

// The browser is told of each line of a half where it stands in its own file.
func TestAppMapNamesTheHalvesOwnLines(t *testing.T) {
	app, err := NewApp([]Half{{"chat", []byte(chatHalf)}, {"none", nil}, {"todo", []byte("export default () => 1")}}, true,
		Part{"ws", read(t, "transports/ws/ws.min.js")}, Part{"mine", []byte("var sojourn_mine={\nname:'mine'}")}, Part{"sse", []byte("var sojourn_sse={}")})
	if err != nil {
		t.Fatal(err)
	}
	var index sourcemap.Index
	if err := json.Unmarshal(app.Map(), &index); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(app.Module(".", "app.js.map")), "\n")
	line := func(text string) int {
		for i, l := range lines {
			if strings.Contains(l, text) {
				return i
			}
		}
		t.Fatalf("no line has %q", text)
		return 0
	}
	for text, want := range map[string]struct {
		source string
		line   int
	}{
		"// the chat":                {"chat/client.js", 0},
		"new Error('here')":          {"chat/client.js", 2},
		"({ name, server }) =>":      {"chat/client.js", 4},
		"() => 1":                    {"todo/client.js", 0},
		"name:'mine'":                {"sojourn/transports/mine.js", 1},
		"var sojourn_sse={}":         {"sojourn/transports/sse.js", 0},
		"var sojourn_ws={":           {"sojourn/transports/ws/ws.js", 0},
		"sojourn_halves.none=null":   {},
		"return{default:sojourn_hal": {},
		"export const connect=":      {},
	} {
		source, at := lookUp(t, index, line(text))
		if source != want.source || source != "sojourn/transports/ws/ws.js" && at != want.line {
			t.Errorf("%s is said to be %q, line %d", text, source, at)
		}
	}
}

// lookUp finds where a line comes from, as a browser does: by the last section, and in it the last segment, before its first character but one.
func lookUp(t *testing.T, index sourcemap.Index, line int) (source string, at int) {
	t.Helper()
	var in sourcemap.Section
	for _, s := range index.Sections {
		if s.Offset.Line <= line {
			in = s
		}
	}
	all, err := sourcemap.Parse(in.Map.Mappings)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.At.Line+in.Offset.Line > line || s.At.Line+in.Offset.Line == line && s.At.Column > 20 {
			break
		}
		source, at = "", 0
		if s.Source >= 0 {
			source, at = in.Map.Sources[s.Source], s.From.Line
		}
	}
	return source, at
}

func TestHalfIsRefused(t *testing.T) {
	const ok = "export default () => {}\n"
	for name, row := range map[string]struct{ service, text, want string }{
		"no default":         {"chat", "const a = 1\n", `service "chat": client.js: 0 default exports, not one`},
		"an indented one":    {"chat", "  export default () => {}\n", "0 default exports"},
		"two":                {"chat", ok + ok, "2 default exports"},
		"two, one in a list": {"chat", ok + "const a = 1\nexport { a as default }", "2 default exports"},
		"import":             {"chat", "// helpers\nimport { a } from './a.js'\n" + ok, "line 2: it imports, but a client half is one file: bundle it"},
		"import, minified":   {"chat", `import{a}from"./a.js";` + "\n" + ok, "line 1: it imports"},
		"import of effects":  {"chat", "import './a.js'\n" + ok, "line 1: it imports"},
		"export from":        {"chat", ok + "export * from './a.js'\n", "line 2: it imports"},
		"another list":       {"chat", "export { a }\n" + ok, "line 1: an export that is not understood"},
		"no comma":           {"chat", "export default () => ({\n\ta: 1\n\tb: 2\n})\n", "line 3, column 2: unexpected b in object literal"},
		"an open brace":      {"chat", "export default () => {\n", "client.js: line "},
		"a brace too many":   {"chat", "export default () => {}\n}\n", "client.js: line 2, column 1: "},
		"await at the top":   {"chat", "const a = await fetch('/')\n" + ok, "client.js: line 1, column 17: "},
		"one name twice":     {"chat", "const a = 1, a = 2\n" + ok, "client.js: line 1, column 14: identifier a has already been declared"},
		"too much":           {"chat", ok + strings.Repeat(" ", MaxHalf), "bytes, more than 262144"},
		"not UTF-8":          {"chat", ok + "\xff", "not UTF-8"},
		"the client's name":  {"rt", ok, "app.rt is the client"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewApp([]Half{{row.service, []byte(row.text)}}, false)
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("the error is %v, and lacks %q", err, row.want)
			}
		})
	}
}

// Each way to write a half makes an app whose connect returns what the half does: said by node, which loads it as a page does.
func TestHalfIsJoined(t *testing.T) {
	node := nodetest.Find(t)
	for name, text := range map[string]string{
		"an expression":       "export default ({ name }) => name + codec.n\nexport const codec = { n: 1 }",
		"in many lines":       "export const codec = { n: 1 }\nexport default\n(kit) =>\n  kit.name + codec.n\n// the end",
		"a function":          "export default function half({ name }) { return name + codec.n }\n(() => half)\nexport let codec = { n: 1 }",
		"an async function":   "export const codec = { n: 1 }\nexport default async function ({ name }) { return name + codec.n }\n",
		"windows' lines":      "export const codec = { n: 1 }\r\nexport default ({ name }) => name + codec.n\r\n",
		"with helpers":        "export const codec = { n: one() }\nexport function one() { return 1 }\nexport default kit => kit.name + one()",
		"a list":              "const a = ({ name }) => name + b.n\nconst b = { n: 1 }\nexport {\n  a as default,\n  b as codec\n};\n//# sourceMappingURL=half.js.map\n",
		"minified":            "var e=({name:t})=>t+codec.n,codec={n:1};export{codec,e as default};\n",
		"with words like it":  "/* no import, no\n export */ const s = \"; import { a } from 'b'; export default\"\nexport default ({ name }) => name + codec.n\nexport const codec = { n: 1 }",
		"one that loads more": "export const codec = { n: 1 }\nexport default ({ name }) => (() => import('./more.js'), name + codec.n)",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app, err := NewApp([]Half{{"chat", []byte(text)}, {"todo", nil}, {"rt", nil}}, false, Part{"mock", read(t, parts.Transports[3].Built)})
			if err != nil {
				t.Fatal(err)
			}
			run(t, node, app, `
				const logged = []
				const { chat, todo, rt } = connect({ auth: 'token', log: (level, message, fields) => logged.push(level + ' ' + fields[message]) })
				if (await chat !== 'chat1') throw new Error(await chat)
				if (typeof todo.add !== 'function' || rt.status !== 'connecting' || rt.discover) throw new Error('no app')
				rt.close()
				if (logged.at(-1) !== 'info close') throw new Error('logged: ' + logged)
			`)
		})
	}
}

// What a half throws when it is joined reaches the page, and leaves no connection behind.
func TestHalfThatThrowsIsTold(t *testing.T) {
	app, err := NewApp([]Half{{"chat", []byte("export default kit => { globalThis.kit = kit; throw new Error('mine') }")}}, false)
	if err != nil {
		t.Fatal(err)
	}
	run(t, nodetest.Find(t), app, `
		try { connect(); throw new Error('not told') } catch (e) { if (e.message !== 'mine') throw e }
		if (kit.rt.status !== 'close') throw new Error(kit.rt.status)
	`)
}

// The place in a stack leads to the half's own file and line, and to those of our sources, as node's reader of source maps has it.
func TestStackLeadsToTheHalf(t *testing.T) {
	app, err := NewApp([]Half{{"other", []byte("export default () => {}")}, {"chat", []byte(chatHalf)}}, false)
	if err != nil {
		t.Fatal(err)
	}
	before, _, ok := strings.Cut(string(read(t, "client/js/src/client.js")), "topic: name =>")
	if !ok {
		t.Fatal("the client has no topics")
	}
	run(t, nodetest.Find(t), app, strings.ReplaceAll(`
		import { SourceMap } from 'node:module'
		import { readFileSync } from 'node:fs'
		const map = new SourceMap(JSON.parse(readFileSync(new URL('app.js.map', import.meta.url))))
		const leads = (want, f) => {
			try { f() } catch (e) {
				const [, line, column] = /app.mjs:(\d+):(\d+)/.exec(e.stack.slice(e.stack.lastIndexOf('app.mjs')))
				const entry = map.findEntry(line - 1, column - 1)
				const got = entry.originalSource + ':' + (entry.originalLine + 1)
				if (got !== want) throw new Error(got + ', not ' + want)
				return
			}
			throw new Error('nothing was thrown')
		}
		const { chat, rt } = connect()
		rt.close()
		leads('chat/client.js:3', () => chat.greet())
		leads('sojourn/client/js/src/client.js:LINE', () => rt.topic('a,b').on(() => {}))
	`, "LINE", strconv.Itoa(1+strings.Count(before, "\n"))))
}

// An app's client asks its server what there is.
func TestAppDiscovers(t *testing.T) {
	app, err := NewApp(nil, true)
	if err != nil {
		t.Fatal(err)
	}
	run(t, nodetest.Find(t), app, `
		const instance = link => ({ send: lines => { if (lines === 'C1,sojourn.describe') link.frames('r1.aaaaa,1|{"services":[{"name":"chat"}]}') } })
		const open = link => {
			queueMicrotask(() => link.frames('h{"id":"socket","in":0,"at":0,"hb":25,"ttl":120}'))
			return instance(link)
		}
		const { rt } = connect({ transports: [{ name: 'scripted', open }] })
		const { services } = await rt.discover()
		if (services[0].name !== 'chat') throw new Error(JSON.stringify(services))
		rt.close()
	`)
}

// run loads an app in node, from a mount of its own, and runs a script that has its connect.
func run(t *testing.T, node string, app *App, script string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"app.mjs":    strings.ReplaceAll(string(app.Module(".", "app.js.map")), "import.meta.url", "'http://instance/rt/app.js'"),
		"app.js.map": string(app.Map()),
		"page.mjs":   "import { connect } from './app.mjs'\n" + script,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), node, filepath.Join(dir, "page.mjs")).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
