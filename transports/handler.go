package transports

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"github.com/sojourn-go/sojourn/protocol"
)

// Options are what [Handler] needs to know beside the transports. The zero value is right for a page that comes from the same origin.
type Options struct {
	// Origins are the origins, other than the handler's own, whose pages may connect: "https://app.example",
	// scheme, host and port exactly. Their requests may carry cookies.
	Origins []string

	// InsecureAnyOrigin lets every page on the web connect, with its visitor's cookies. For development, and for programs
	// whose visitors prove who they are by something that a foreign page cannot have.
	InsecureAnyOrigin bool
}

// Handler returns the handler of all endpoints of the transports, routed by the last element of the path, wherever it is mounted: /rt/ws, /rt/up. If that is no
// endpoint, by the last element that has a subtree: /rt/sockjs/000/abc/xhr. There is always an endpoint "up", that of [Up] with the default limits if no transport brings one: pages
// say their last words by it, whatever their transport.
//
// A request that names an Origin must come from the handler's own or a listed one; any other is answered 403, on every
// transport, before anything of it is read. A request that names none is not a browser's, and passes. The own origin is
// known by its host and port, compared with the request's Host (a proxy that changes Host makes every origin a foreign one: list yours);
// its scheme must be https if the request came over TLS or a proxy says so in X-Forwarded-Proto.
//
// It is an error if there is no transport, two have the same name, two disagree about the handler of an endpoint, or an
// origin is not one.
func Handler(sb Switchboard, o Options, ts ...Transport) (http.Handler, error) {
	if len(ts) == 0 {
		return nil, errors.New("transports: no transport")
	}
	origins, err := parseOrigins(o)
	if err != nil {
		return nil, err
	}
	m := &mux{origins: origins, endpoints: map[string]http.Handler{}}
	owner := map[string]string{} // of an endpoint
	seen := map[string]bool{}
	for _, t := range ts {
		if t == nil {
			return nil, errors.New("transports: a nil transport")
		}
		if seen[t.Name()] {
			return nil, fmt.Errorf("transports: two transports are named %q", t.Name())
		}
		seen[t.Name()] = true
		for name, h := range t.Endpoints(sb) {
			if other, ok := m.endpoints[name]; ok && !equal(h, other) {
				return nil, fmt.Errorf("transports: %q and %q disagree about endpoint %q", owner[name], t.Name(), name)
			}
			m.endpoints[name], owner[name] = h, t.Name()
		}
	}
	if _, ok := m.endpoints["up"]; !ok {
		m.endpoints["up"] = Up(sb, Limits{})
	}
	return m, nil
}

func equal(a, b http.Handler) bool {
	return reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b
}

type mux struct {
	origins   origins
	endpoints map[string]http.Handler
}

func (m *mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Origin")
	origin, err := m.origins.check(r)
	if err != nil {
		Limits{}.Respond(w, nil, err)
		return
	}
	h, r := m.route(r)
	if h == nil {
		RespondStatus(w, http.StatusNotFound, &protocol.Close{Code: protocol.CodeMalformed, Why: "no such endpoint"})
		return
	}
	if origin != "" {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		w.Header().Set("Access-Control-Expose-Headers", "Retry-After")
	}
	if r.Method == http.MethodOptions {
		if origin != "" {
			w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
			w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
			w.Header().Set("Access-Control-Max-Age", "600")
		}
		w.WriteHeader(http.StatusNoContent)
		return
	}
	h.ServeHTTP(w, r)
}

// route finds a request's endpoint; nil: there is none. A subtree sees the path from its own name on.
func (m *mux) route(r *http.Request) (http.Handler, *http.Request) {
	if h, ok := m.endpoints[r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]]; ok {
		return h, r
	}
	path, at, subtree := r.URL.EscapedPath(), -1, ""
	for name := range m.endpoints {
		if i := strings.LastIndex(path+"/", "/"+name); i > at && strings.HasSuffix(name, "/") {
			at, subtree = i, name
		}
	}
	if at < 0 {
		return nil, r
	}
	below, u := *r, *r.URL
	u.RawPath = path[at:]
	u.Path, _ = url.PathUnescape(u.RawPath) // what was unescaped before can be unescaped
	below.URL = &u
	return m.endpoints[subtree], &below
}
