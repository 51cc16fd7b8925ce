package framework_test

import (
	"encoding/json"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/protocol"
)

type line struct {
	Text string `json:"text"`
	At   int64  `json:"at"`
}

type secret struct{ Hidden string }

// open and hidden are what one server has: one service is told of, the other is not.
func openAndHidden() []framework.Service {
	lines := &framework.Topic[line]{Name: "room", Subscribe: framework.Anyone}
	people := &framework.State[map[string]*line]{Name: "people", Subscribe: framework.Anyone}
	kept := &framework.State[secret]{Name: "kept", Subscribe: framework.Nobody}
	secrets := &framework.Topic[secret]{Name: "secrets", Subscribe: framework.Anyone}
	return []framework.Service{
		{
			Name: "chat",
			Methods: framework.Methods{
				"say":  framework.Event(func(*framework.Turn, line) error { return nil }),
				"list": framework.Call(func(*framework.Turn, struct{}) ([]line, error) { return nil, nil }),
				"mark": framework.Event(func(*framework.Turn, struct{}) error { return nil }).Volatile(),
				"blob": framework.Call(func(*framework.Turn, []byte) (struct{}, error) { return struct{}{}, nil }),
			},
			Files:  fstest.MapFS{"client.js": {Data: []byte("export default () => {}\n")}},
			Topics: []framework.Stream{people, lines, kept},
			Client: framework.ClientMethods{"notice": framework.Notice[string](), "confirm": framework.Question[line, bool]()},
		},
		{
			Name: "hidden", Private: true,
			Methods: framework.Methods{"whisper": framework.Call(func(_ *framework.Turn, s secret) (secret, error) { return s, nil })},
			Topics:  []framework.Stream{secrets},
			Client:  framework.ClientMethods{"tell": framework.Notice[secret]()},
		},
	}
}

var described = protocol.Description{
	Services: []protocol.ServiceInfo{{
		Name: "chat", Half: true,
		Methods: []protocol.MethodInfo{
			{Name: "blob", In: "Uint8Array", Answers: true},
			{Name: "list", Out: "Line[] | null", Answers: true},
			{Name: "mark", Volatile: true},
			{Name: "say", In: "Line"},
		},
		Client: []protocol.MethodInfo{
			{Name: "confirm", In: "Line", Out: "boolean", Answers: true},
			{Name: "notice", In: "string"},
		},
		Topics: []protocol.StreamInfo{{Name: "room", Type: "Line"}},
		States: []protocol.StreamInfo{{Name: "people", Type: "{ [key: string]: Line | null } | null"}},
	}},
	Types: []protocol.TypeInfo{{
		Name: "Line", Type: "{\n  text: string\n  at: number /* int64 */\n}", Go: "github.com/sojourn-go/sojourn/framework_test.line",
	}},
}

// With discovery a client is told of all services but the private ones, which answer as ever to who knows them.
func TestDiscoveryTellsWhatIsNotPrivate(t *testing.T) {
	everywhere(t, func(w *world) {
		w.cfg.Discover = true
		w.run(2, openAndHidden()...)
		c := w.dial(nil)
		d, err := c.Discover(w.wait())
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(d, described) {
			text, _ := json.MarshalIndent(d, "", "  ")
			t.Errorf("it tells\n%s", text)
		}
		raw := call[json.RawMessage](w, c, protocol.Describe, nil)
		for _, word := range []string{"hidden", "Hidden", "whisper", "secret", "Secret", "kept", "sojourn."} {
			if strings.Contains(string(raw), word) {
				t.Errorf("it tells of %q: %s", word, raw)
			}
		}
		if got := call[secret](w, c, "hidden.whisper", secret{"x"}); got.Hidden != "x" {
			t.Errorf("a private service answers %+v", got)
		}
	})
}

// Without it there is nothing to ask, and the name is not in anybody's hands.
func TestDiscoveryIsOffByDefault(t *testing.T) {
	w := newWorld(t, "ws", "")
	w.run(1, openAndHidden()...)
	if _, err := w.dial(nil).Discover(w.wait()); client.CodeOf(err) != framework.CodeNotFound {
		t.Errorf("%v, want an error %q", err, framework.CodeNotFound)
	}
}

// The server's middleware is asked before discovery tells anything.
func TestMiddlewareGuardsDiscovery(t *testing.T) {
	w := newWorld(t, "ws", "")
	w.cfg.Discover = true
	w.cfg.Middleware = []framework.Middleware{func(next framework.Handler) framework.Handler {
		return func(t *framework.Turn) (any, error) {
			if t.Method() == protocol.Describe {
				return nil, framework.Errorf(framework.CodeDenied, "not you")
			}
			return next(t)
		}
	}}
	w.run(1, openAndHidden()...)
	if _, err := w.dial(nil).Discover(w.wait()); client.CodeOf(err) != framework.CodeDenied {
		t.Errorf("%v, want an error %q", err, framework.CodeDenied)
	}
}

func TestDiscoveryIsLoggedOnce(t *testing.T) {
	for _, on := range []bool{true, false} {
		log := newRecorder()
		rt, err := framework.New(framework.Config{Discover: on, Services: openAndHidden(), Log: slog.New(slog.NewTextHandler(log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		rt.Close()
		if n := strings.Count(log.String(), "discovery is on"); (n == 1) != on || n > 1 {
			t.Errorf("discovery %v is logged %d times", on, n)
		}
	}
}

// What is wrong with services is New's to say.
func TestDiscoveryOfWhatIsWrong(t *testing.T) {
	_, err := framework.New(framework.Config{Discover: true, Services: []framework.Service{{
		Name: "a b", Methods: framework.Methods{"c d": {}}, Topics: []framework.Stream{nil, (*framework.Topic[int])(nil), &framework.Topic[int]{}},
		Client: framework.ClientMethods{"e": {}},
	}}})
	if err == nil || !strings.Contains(err.Error(), `name "a b" is not`) {
		t.Errorf("%v", err)
	}
}

// What fits no answer does not start.
func TestDescriptionHasRoom(t *testing.T) {
	_, err := framework.New(framework.Config{Discover: true, Services: openAndHidden(), Limits: framework.Limits{EffectBytes: 100}})
	if err == nil || !strings.Contains(err.Error(), "larger than Limits.EffectBytes") {
		t.Errorf("%v", err)
	}
}

// A service with a codec has names, and types that only its other end knows.
func TestDiscoveryOfACodecsTypes(t *testing.T) {
	services := openAndHidden()[:1]
	services[0].Codec = anyCodec{}
	d := framework.Describe(services)
	if m := d.Services[0].Methods[3]; m != (protocol.MethodInfo{Name: "say", In: "any"}) {
		t.Errorf("%+v", m)
	}
	if topics := d.Services[0].Topics; topics[0].Type != "Line" {
		t.Errorf("%+v", topics)
	}
}

type anyCodec struct{}

func (anyCodec) Marshal(v any) ([]byte, error)      { return json.Marshal(v) }
func (anyCodec) Unmarshal(data []byte, v any) error { return json.Unmarshal(data, v) }
