package client

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/protocol"
)

// subscribe subscribes while the script answers.
func (s *script) subscribe(name string, own, cursor string, do func() (*Subscription, error)) *Subscription {
	s.t.Helper()
	var sub *Subscription
	result := make(chan error)
	go func() {
		var err error
		sub, err = do()
		result <- err
	}()
	s.wantUp("S1," + name).answer("a1,1")
	s.down("s" + own + "," + name + ",3a," + cursor)
	if err := <-result; err != nil {
		s.t.Fatal(err)
	}
	return sub
}

func TestSubscribe(t *testing.T) {
	eachTransport(t, func(t *testing.T, name string) {
		s := startScript(t)
		c := s.dial(name, Options{})
		after := make(chan struct{})
		c.Handle("x.after", func(context.Context, protocol.Payload) (any, error) { close(after); return nil, nil })
		ctx := testContext(t)
		entries := make(chan Entry, 10)
		sub := s.subscribe("room/1", "1.aaaaa", "4.ttttt", func() (*Subscription, error) {
			return c.Subscribe(ctx, "room/1", func(e Entry) { entries <- e })
		})
		s.down(`t3a,5.uuuuu|"five"`)
		e := <-entries
		var text string
		if err := e.JSON(&text); err != nil || text != "five" || e.Cursor.String() != "5.uuuuu" || e.Topic != "room/1" {
			t.Errorf("entry %+v, %v", e, err)
		}
		if got := sub.Cursor().String(); got != "5.uuuuu" {
			t.Errorf("cursor %s", got)
		}
		if _, err := c.Subscribe(ctx, "room/1", func(Entry) {}); err == nil {
			t.Error("a second subscription to the same topic is accepted")
		}

		left := make(chan error)
		go func() { left <- sub.Unsubscribe(ctx) }()
		up := s.wantUp("U2,room/1")
		s.down(`t3a,6.vvvvv|"six"`, "u2.bbbbb,3a", "e,x.after")
		<-after // callbacks come in order
		up.answer("a2,2")
		if err := <-left; err != nil {
			t.Error(err)
		}
		if err := sub.Unsubscribe(ctx); err != nil {
			t.Errorf("a second Unsubscribe: %v", err)
		}
		if len(entries) > 0 {
			t.Errorf("entry %+v after Unsubscribe", <-entries)
		}

		again := make(chan error)
		go func() {
			_, err := c.Subscribe(ctx, "room/1", func(Entry) {})
			again <- err
		}()
		s.wantUp("S3,room/1").answer("a3,3")
		s.down(`x3.ccccc,3|{"code":"denied","message":"not again"}`)
		if err := <-again; CodeOf(err) != "denied" {
			t.Errorf("a refused subscription: %v", err)
		}
	})
}

func TestState(t *testing.T) {
	s := startScript(t)
	c := s.dial("ws", Options{})
	values := make(chan string, 10)
	s.subscribe("people/1", "1.aaaaa", "0.", func() (*Subscription, error) {
		return c.State(testContext(t), "people/1", func(value json.RawMessage) { values <- string(value) })
	})
	s.down(
		`n3a,5.ttttt|{"ann":{"age":1},"bob":2}`,
		`t3a,6.uuuuu|{"ann":{"age":2},"bob":null,"cid":[1]}`,
		`n3a,9.vvvvv|null`,
		`t3a,10.wwwww|{"a":1}`,
	)
	for _, want := range []string{`{"ann":{"age":1},"bob":2}`, `{"ann":{"age":2},"cid":[1]}`, `null`, `{"a":1}`} {
		if got := <-values; got != want {
			t.Errorf("value %s, want %s", got, want)
		}
	}
}

// The examples of RFC 7396, Appendix A.
func TestMergePatch(t *testing.T) {
	for line := range strings.SplitSeq(strings.TrimSpace(`
{"a":"b"}          {"a":"c"}                {"a":"c"}
{"a":"b"}          {"b":"c"}                {"a":"b","b":"c"}
{"a":"b"}          {"a":null}               {}
{"a":"b","b":"c"}  {"a":null}               {"b":"c"}
{"a":["b"]}        {"a":"c"}                {"a":"c"}
{"a":"c"}          {"a":["b"]}              {"a":["b"]}
{"a":{"b":"c"}}    {"a":{"b":"d","c":null}} {"a":{"b":"d"}}
{"a":[{"b":"c"}]}  {"a":[1]}                {"a":[1]}
["a","b"]          ["c","d"]                ["c","d"]
{"a":"b"}          ["c"]                    ["c"]
{"a":"foo"}        null                     null
{"a":"foo"}        "bar"                    "bar"
{"e":null}         {"a":1}                  {"a":1,"e":null}
[1,2]              {"a":"b","c":null}       {"a":"b"}
{}                 {"a":{"bb":{"ccc":null}}} {"a":{"bb":{}}}
{"a":1e400}        {"b":12345678901234567890} {"a":1e400,"b":12345678901234567890}
{"a":"<"}          {"b":"\u003e"}           {"a":"<","b":">"}
`), "\n") {
		f := strings.Fields(line)
		if got, err := mergePatch(json.RawMessage(f[0]), json.RawMessage(f[1])); err != nil || string(got) != f[2] {
			t.Errorf("%s with %s is %s, %v, want %s", f[0], f[1], got, err, f[2])
		}
	}
}

func TestPayloads(t *testing.T) {
	for _, in := range []any{nil, "text", []byte{}, []byte{0, 255}, map[string]any{"a": 1.0}} {
		p, err := encode(in)
		if err != nil {
			t.Fatal(err)
		}
		switch in := in.(type) {
		case []byte:
			var out []byte
			if err := decode(p, &out); err != nil || string(out) != string(in) {
				t.Errorf("%v becomes %v, %v", in, out, err)
			}
			var text string
			if err := decode(p, &text); err == nil {
				t.Errorf("bytes are decoded as %q", text)
			}
		default:
			var out any
			if err := decode(p, &out); err != nil {
				t.Errorf("%v becomes %v, %v", in, out, err)
			}
		}
	}
	if _, err := encode(func() {}); err == nil {
		t.Error("a function is encoded")
	}
	var e *json.UnmarshalTypeError
	p, _ := encode("text")
	if err := decode(p, new(int)); !errors.As(err, &e) {
		t.Errorf("text is decoded as a number: %v", err)
	}
}
