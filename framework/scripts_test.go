package framework_test

import (
	"bytes"
	"compress/gzip"
	"regexp"
	"slices"
	"testing"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/sse"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// weight is how many bytes something has, and with gzip -9.
type weight struct{ plain, zipped int }

// A page loads the halves of the server's transports, in an app also what joins the services' halves and, if the server tells, what discovers; and nothing else.
// The limits leave a little room above what it is.
func TestPagesLoadOnlyWhatIsUsed(t *testing.T) {
	all := []transports.Transport{ws.Transport{}, sse.Transport{}, longpoll.Transport{}}
	for name, row := range map[string]struct {
		config      framework.Config
		client, app []string // the parts that they declare
		most, adds  weight   // of client.js, and what app.js may have more
	}{
		"a WebSocket": {
			framework.Config{Transports: all[:1]},
			[]string{"connect", "ws"}, []string{"connect", "ws", "join", "halves"},
			weight{10_400, 4_830}, weight{2_100, 870},
		},
		"HTTP": {
			framework.Config{Transports: all[1:]},
			[]string{"connect", "sse", "longpoll"}, []string{"connect", "sse", "longpoll", "join", "halves"},
			weight{10_700, 4_920}, weight{2_100, 870},
		},
		"all, and discovery": {
			framework.Config{Transports: all, Discover: true},
			[]string{"connect", "ws", "sse", "longpoll"}, []string{"connect", "ws", "sse", "longpoll", "join", "discover", "halves"},
			weight{11_050, 5_030}, weight{2_250, 920},
		},
	} {
		t.Run(name, func(t *testing.T) {
			rt, err := framework.New(row.config)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { rt.Close() })
			client, app := get(t, rt, "/rt/client.js").Body.Bytes(), get(t, rt, "/rt/app.js").Body.Bytes()
			if got := declared(client); !slices.Equal(got, row.client) {
				t.Errorf("client.js has %v, want %v", got, row.client)
			}
			if got := declared(app); !slices.Equal(got, row.app) {
				t.Errorf("app.js has %v, want %v", got, row.app)
			}
			is, with := weigh(t, client), weigh(t, app)
			if is.plain > row.most.plain || is.zipped > row.most.zipped {
				t.Errorf("client.js has %+v bytes, more than %+v", is, row.most)
			}
			if more := (weight{with.plain - is.plain, with.zipped - is.zipped}); more.plain > row.adds.plain || more.zipped > row.adds.zipped {
				t.Errorf("app.js has %+v bytes more than client.js, and %+v are allowed", more, row.adds)
			}
		})
	}
}

// declared returns the names of the parts that a module declares.
func declared(module []byte) (names []string) {
	for _, m := range regexp.MustCompile(`(?m)^(?:var|const) sojourn_(\w+)=`).FindAllSubmatch(module, -1) {
		names = append(names, string(m[1]))
	}
	return names
}

func weigh(t *testing.T, text []byte) weight {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return weight{len(text), b.Len()}
}
