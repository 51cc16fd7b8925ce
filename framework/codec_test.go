package framework_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
)

// gobs is a codec that shares no byte with JSON.
type gobs struct{}

func (gobs) Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(v)
	return b.Bytes(), err
}

func (gobs) Unmarshal(data []byte, v any) error {
	return gob.NewDecoder(bytes.NewReader(data)).Decode(v)
}

// A parcel holds what JSON cannot say.
type parcel struct {
	To   string
	Tags map[complex128]string
}

var sent = parcel{"Ann", map[complex128]string{2i: "two"}}

// posted goes on with an answer in gob, though the service that lists it has no codec.
var posted = framework.Then("posted", func(t *framework.Turn, to string, p parcel, err error) error {
	if err != nil {
		return err
	}
	return t.Send(to, "post.notice", p)
})

// post is a service whose payloads are gob.
func post() []framework.Service {
	echo := framework.Call(func(_ *framework.Turn, p parcel) (parcel, error) {
		p.To += "!"
		return p, nil
	})
	return []framework.Service{
		{Name: "post", Codec: gobs{}, Methods: framework.Methods{
			"echo": echo.Volatile(),
			"raw":  framework.Call(func(_ *framework.Turn, b []byte) ([]byte, error) { return b, nil }),
			"zero": framework.Call(func(_ *framework.Turn, p parcel) (any, error) {
				if p.Tags != nil || p.To != "" {
					return nil, errors.New("no payload is not the zero value")
				}
				return nil, nil
			}),
			"ask": framework.Event(func(t *framework.Turn, p parcel) error {
				return t.Ask(t.Socket(), "post.confirm", p, posted.With(t.Socket()), time.Minute)
			}),
			"plain": framework.Event(func(t *framework.Turn, p parcel) error { return t.Send(t.Socket(), "plain.notice", p.To) }),
		}},
		{Name: "plain", Continuations: []framework.Continuation{posted}, Methods: framework.Methods{
			"double": framework.Call(func(_ *framework.Turn, n int) (int, error) { return 2 * n, nil }),
		}},
	}
}

// gobbed writes as the codec does.
func gobbed(t *testing.T, v any) []byte {
	b, err := gobs{}.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func ungobbed(t *testing.T, data []byte) (p parcel) {
	if err := (gobs{}).Unmarshal(data, &p); err != nil {
		t.Errorf("that is no gob: %q: %v", data, err)
	}
	return p
}

func wantParcel(t *testing.T, p parcel, to string) {
	t.Helper()
	if p.To != to || p.Tags[2i] != "two" {
		t.Errorf("got %+v", p)
	}
}

func TestCodecIsOfMethodsAnswersEventsAndQuestions(t *testing.T) {
	onEachStore(t, func(w *world) {
		t := w.T
		w.run(2, post()...)
		c := w.dial(nil)
		notices, plain := make(chan []byte, 1), make(chan string, 1)
		c.Handle("post.notice", client.Event(func(_ context.Context, b []byte) { notices <- b }))
		c.Handle("plain.notice", client.Event(func(_ context.Context, s string) { plain <- s }))
		c.Handle("post.confirm", client.Question(func(_ context.Context, b []byte) ([]byte, error) {
			p := ungobbed(t, b)
			p.To += "?"
			return gobbed(t, p), nil
		}))
		var answer []byte
		for name, call := range map[string]func(context.Context, string, any, any) error{"call": c.Call, "volatile call": c.Volatile} {
			if err := call(w.wait(), "post.echo", gobbed(t, sent), &answer); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			wantParcel(t, ungobbed(t, answer), "Ann!")
		}
		if err := c.Call(w.wait(), "post.raw", gobbed(t, []byte("raw")), &answer); err != nil || !bytes.Equal(answer, gobbed(t, []byte("raw"))) {
			t.Errorf("bytes are no exception: %q, %v", answer, err)
		}
		if err := c.Call(w.wait(), "post.ask", gobbed(t, sent), nil); err != nil {
			t.Fatal(err)
		}
		wantParcel(t, ungobbed(t, receive(t, notices)), "Ann?")
		if err := c.Call(w.wait(), "post.plain", gobbed(t, sent), nil); err != nil || receive(t, plain) != "Ann" {
			t.Errorf("another service's half is not told in JSON: %v", err)
		}
		var n int
		if err := c.Call(w.wait(), "plain.double", 4, &n); err != nil || n != 8 {
			t.Errorf("a service without a codec: %d, %v", n, err)
		}
		var p parcel
		if err := w.any().rt.Ask(w.wait(), c.ID(), "post.confirm", sent, &p); err != nil {
			t.Fatal(err)
		}
		wantParcel(t, p, "Ann?")
	})
}

func TestCodecIsNotAskedWithoutPayload(t *testing.T) {
	w := newWorld(t, "longpoll", "")
	w.run(1, post()...)
	if err := w.dial(nil).Call(w.wait(), "post.zero", nil, nil); err != nil {
		t.Error(err)
	}
}

func TestCodecRefusesWhatItDidNotWrite(t *testing.T) {
	w := newWorld(t, "longpoll", "")
	w.run(1, post()...)
	c := w.dial(nil)
	for name, payload := range map[string]any{"JSON": sent.To, "other bytes": []byte("other")} {
		var failure *client.Error
		if err := c.Call(w.wait(), "post.echo", payload, nil); !errors.As(err, &failure) || failure.Code != framework.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// receive waits for what must come.
func receive[T any](t *testing.T, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatal("nothing came")
	}
	return v
}

// Raw JSON comes and goes as encoding/json reads and writes it, also what it would not leave as it is.
func TestRawJSONIsThatOfEncodingJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		var had json.RawMessage
		b.cfg.Services = []framework.Service{{Name: "raw", Methods: framework.Methods{
			"echo": framework.Call(func(_ *framework.Turn, in json.RawMessage) (json.RawMessage, error) { had = in; return in, nil }),
		}}}
		l := b.connect(b.start(), hello(1, ""))
		b.pull(l)
		for i, text := range []string{`{"a":[1,"b",null]}`, `{ "a" : [ 1, 2 ] }`, `"<&>"`, "\"\u2028 \u00e4\"", `  1`, `null`, `"\u003c"`, `{"a":}`, ``} {
			b.push(l, fmt.Sprintf("C%d,raw.echo|%s", i+1, text))
			answer := b.pull(l)
			var want, raw json.RawMessage
			err := json.Unmarshal([]byte(text), &raw)
			if err == nil {
				want, err = json.Marshal(raw)
			}
			switch _, got, _ := strings.Cut(answer, "|"); {
			case err != nil && !strings.Contains(got, framework.CodeInvalid):
				t.Errorf("%s is answered %s, want that it is invalid", text, answer)
			case err == nil && (got != string(want) || string(had) != string(raw)):
				t.Errorf("%s is read as %s and answered %s, want %s and %s", text, had, answer, raw, want)
			}
		}
	})
}
