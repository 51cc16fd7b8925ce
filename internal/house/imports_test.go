package house

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

type rule struct {
	of      string
	may     []string
	because string
}

// ours says which packages of the module a package may import. A pattern that ends in /... stands for that package and everything
// below; the longest one that fits a package is its rule, before all the one that is its name.
var ours = []rule{
	{"protocol", nil, "clients, transports and stores of other people import it: it brings nothing along"},

	{"store", []string{"protocol"}, "a store knows streams and cursors, not what they are for"},
	{"store/memory", []string{"protocol", "store"}, "a store is used through its seam alone"},
	{"store/redis", []string{"protocol", "store"}, "a store is used through its seam alone"},
	{"store/internal/far", []string{"store"}, "it is the example of docs/stores.md: what somebody else's store needs"},
	{"store/storetest", []string{"protocol", "store", "store/memory"}, "the kit is for stores of other people: it knows the seam, and the model to compare with"},

	{"transports", []string{"protocol"}, "a transport is usable by programs that use nothing else of ours"},
	{"transports/...", []string{"protocol", "transports"}, "a transport meets a switchboard, never the framework, and no other transport"},
	{"transports/engineio", []string{"protocol", "store", "transports", "transports/internal/session", "transports/internal/wsock"}, "its sessions are kept in a store, which a program chooses"},
	{"transports/sockjs", []string{"protocol", "store", "transports", "transports/internal/session", "transports/internal/wsock"}, "a protocol that was made elsewhere has sessions, and WebSockets that are not ours"},
	{"transports/internal/session", []string{"protocol", "store", "store/memory", "transports"}, "the sessions of protocols that were made elsewhere are kept in a store; memory is the default"},

	{"client", []string{"protocol"}, "a client shares with the server what they say to each other, and nothing else"},
	{"client/js", []string{"client/js/internal/parts", "client/js/internal/sourcemap"}, "the script is text to the server"},
	{"client/js/internal/parts", nil, "the builder, a module of its own, imports it"},
	{"client/js/internal/sourcemap", nil, "the builder, a module of its own, imports it"},

	{"framework", []string{"client/js", "framework/internal/...", "protocol", "store", "store/memory", "transports"},
		"a program chooses its transports, its store and its web framework; memory is the default store"},
	{"framework/frameworktest", []string{"client", "framework", "store", "store/memory", "transports", "transports/ws"},
		"it is a program without its web framework, and its clients"},
	{"framework/typescript", []string{"client/js", "framework", "protocol"}, "what it writes needs no server"},
	{"framework/internal/jsontype", []string{"protocol"}, "it is about types, wherever they are used"},
	{"framework/internal/rawjson", nil, "it is about text"},
	{"framework/ratelimit", []string{"framework"}, "it is middleware as anybody could write it"},
	{"framework/echov4", []string{"framework"}, "what is Echo's stays small, so that another web framework costs as little"},

	{"services/...", []string{"framework"}, "a service is what a program could have written itself"},

	{"cmd/...", []string{"client", "cmd/sojourn/internal/...", "framework/typescript", "protocol"}, "a tool sees of a server what any client does"},

	{"internal/house", nil, "it is about the repository"},
	{"internal/mutants", nil, "it is about the sources"},
	{"internal/nodetest", nil, "it starts a process"},
	{"internal/tsc", nil, "it starts a process"},
	{"internal/redistest", nil, "it starts a process"},

	{"examples/...", []string{"framework", "framework/echov4", "services/...", "store/...", "transports/..."},
		"an example is what a user's program is: it imports what is public, and nothing imports it"},
	{"e2e/...", []string{"client", "e2e/...", "framework", "framework/echov4", "internal/redistest", "protocol", "store/...", "transports/..."},
		"it may import everything but programs; nothing imports it"},
}

// theirs says where a dependency is used. A module that is not listed may not be imported at all.
var theirs = []struct {
	module  string
	by      []string
	because string
}{
	{"github.com/labstack/echo/v4", []string{"framework/echov4", "examples/...", "e2e/..."}, "the framework is plain net/http"},
	{"github.com/labstack/echo-contrib", []string{"examples/..."}, "how a program knows its users is the program's"},
	{"github.com/labstack/echo-jwt/v4", []string{"examples/..."}, "how a program knows its users is the program's"},
	{"github.com/golang-jwt/jwt/v5", []string{"examples/..."}, "how a program knows its users is the program's"},
	{"github.com/alexedwards/scs/v2", []string{"examples/..."}, "how a program knows its users is the program's"},
	{"github.com/gorilla/sessions", []string{"examples/..."}, "how a program knows its users is the program's"},
	{"github.com/gorilla/websocket", []string{"client", "transports/internal/wsock", "transports/ws"}, "nothing else knows how WebSockets are made"},
	{"github.com/r3labs/sse/v2", []string{"client"}, "its reader of event streams is used, its server is not: see docs/design.md"},
	{"github.com/redis/rueidis", []string{"store/redis", "e2e/..."}, "nothing else knows Redis"},
	{"github.com/google/uuid", []string{"framework"}, "turns have ids; to all others an id is a string"},
	{"github.com/tdewolff/parse/v2", []string{"client/js"}, "a service's script is read once, for what a browser could not read"},
	{"github.com/chromedp/chromedp", []string{"e2e/..."}, "only tests have browsers"},
	{"github.com/chromedp/cdproto", []string{"e2e/..."}, "only tests have browsers"},
	{"golang.org/x/term", []string{"cmd/..."}, "only a tool is typed at; it needs x/sys, which is there anyway"},
	{"pgregory.net/rapid", []string{"store/storetest"}, "the kit makes random sequences"},
}

func TestImports(t *testing.T) {
	used := map[string]bool{}
	for _, p := range packages(t) {
		rule, ok := ruleOf(p.dir)
		if !ok {
			t.Errorf("package %s has no rule: say in this test what it may import, and why", p.dir)
			continue
		}
		used[rule.of] = true
		for name, f := range p.files {
			for _, spec := range f.Imports {
				imported, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				if dir, ok := strings.CutPrefix(imported, module+"/"); ok {
					if !slices.ContainsFunc(rule.may, func(may string) bool { return fits(may, dir) }) {
						t.Errorf("%s imports %s, but %s may not: %s", name, dir, p.dir, rule.because)
					}
				} else if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
					checkTheirs(t, name, imported)
				}
			}
		}
	}
	for _, r := range ours {
		if !used[r.of] && !strings.HasSuffix(r.of, "/...") {
			t.Errorf("the rule for %s is about no package", r.of)
		}
	}
}

func ruleOf(dir string) (found rule, ok bool) {
	for _, r := range ours {
		if r.of == dir {
			return r, true
		}
		if fits(r.of, dir) && len(r.of) > len(found.of) {
			found, ok = r, true
		}
	}
	return found, ok
}

func checkTheirs(t *testing.T, file, imported string) {
	t.Helper()
	for _, r := range theirs {
		if !fits(r.module+"/...", imported) {
			continue
		}
		if !slices.ContainsFunc(r.by, func(by string) bool { return fits(by, path.Dir(file)) }) {
			t.Errorf("%s imports %s, which only %v may: %s", file, imported, r.by, r.because)
		}
		return
	}
	t.Errorf("%s imports %s, which no rule allows", file, imported)
}

// fits tells whether a pattern stands for a package.
func fits(pattern, name string) bool {
	if dir, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == dir || strings.HasPrefix(name, dir+"/")
	}
	return pattern == name
}
