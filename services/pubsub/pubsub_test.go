package pubsub_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/framework/frameworktest"
	"github.com/sojourn-go/sojourn/services/pubsub"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	annUser = framework.User{ID: "ann", Name: "Ann", Data: map[string]string{"card": "4711"}}
	bobUser = framework.User{ID: "bob"}
)

// publication is what the page's half sends.
type publication struct {
	Channel string `json:"channel"`
	Value   any    `json:"value"`
}

func start(t *testing.T, o pubsub.Options) (*frameworktest.Program, *pubsub.PubSub) {
	p := pubsub.New(o)
	return frameworktest.New(t, framework.Config{Services: []framework.Service{p.Service}}), p
}

// values returns what comes to a client from a channel.
func values(c *frameworktest.Client, channel string) func() string {
	heard := frameworktest.Topic[pubsub.Message](c, "pubsub/"+channel)
	return func() string { return string(heard.Next().Value) }
}

func TestSubscribersGetWhatIsPublished(t *testing.T) {
	rt, _ := start(t, pubsub.Options{Subscribe: framework.Anyone, Publish: framework.Anyone})
	ann, bob := rt.Connect(annUser), rt.Connect(bobUser)
	hers, his := values(ann, "news"), values(bob, "news")
	ann.Call("pubsub.publish", publication{"other", "for nobody"}, nil)
	ann.Call("pubsub.publish", publication{"news", map[string]int{"n": 1}}, nil)
	ann.Call("pubsub.publish", publication{Channel: "news"}, nil)
	for name, next := range map[string]func() string{"ann": hers, "bob": his} {
		if got := next() + " " + next(); got != `{"n":1} null` {
			t.Errorf("%s hears %s", name, got)
		}
	}
}

func TestTheSenderMayBeLeftOut(t *testing.T) {
	rt, _ := start(t, pubsub.Options{Subscribe: framework.Anyone, Publish: framework.Anyone})
	ann, bob := rt.Connect(annUser), rt.Connect(bobUser)
	hers, his := values(ann, "news"), values(bob, "news")
	ann.Call("pubsub.publishOthers", publication{"news", 1}, nil)
	ann.Call("pubsub.publish", publication{"news", 2}, nil)
	if got := hers(); got != "2" {
		t.Errorf("ann hears %s", got)
	}
	if got := his() + his(); got != "12" {
		t.Errorf("bob hears %s", got)
	}
}

func TestWhoAndWhenAreTheServersWord(t *testing.T) {
	rt, _ := start(t, pubsub.Options{Subscribe: framework.Anyone, Publish: framework.Anyone})
	ann := rt.Connect(annUser)
	heard := frameworktest.Topic[json.RawMessage](ann, "pubsub/news")
	before := time.Now().UnixMilli()
	ann.Call("pubsub.publish", json.RawMessage(`{"channel":"news","value":1,"user":{"id":"eve"},"at":7}`), nil)
	var m pubsub.Message
	text := heard.Next()
	if err := json.Unmarshal(text, &m); err != nil || strings.Contains(string(text), "4711") {
		t.Fatalf("%v: %s", err, text)
	}
	if m.User.ID != "ann" || m.User.Name != "Ann" || m.At < before || m.At > time.Now().UnixMilli() {
		t.Errorf("heard %s", text)
	}
}

func TestNewcomersGetTheHistory(t *testing.T) {
	rt, _ := start(t, pubsub.Options{History: 2, Subscribe: framework.Anyone, Publish: framework.Anyone})
	ann := rt.Connect(annUser)
	for n := range 4 {
		ann.Call("pubsub.publish", publication{"news", n}, nil)
	}
	next := values(rt.Connect(bobUser), "news")
	if got := next() + next(); got != "23" {
		t.Errorf("bob hears %s", got)
	}
}

func TestTheProgramPublishesToo(t *testing.T) {
	rt, p := start(t, pubsub.Options{Subscribe: framework.Anyone}) // pages may not
	ann := rt.Connect(annUser)
	heard := frameworktest.Topic[json.RawMessage](ann, "pubsub/news")
	ann.Fails("pubsub.publish", publication{"news", "hers"}, framework.CodeDenied)
	ann.Fails("pubsub.publishOthers", publication{"news", "hers"}, framework.CodeDenied)
	rt.Do(func(t *framework.Turn) error { return p.PublishOthers(t, "news", "others") })
	rt.Do(func(t *framework.Turn) error { return p.Publish(t, "news", "all") })
	for _, want := range []string{`{"value":"others","at":`, `{"value":"all","at":`} {
		if text := heard.Next(); !strings.HasPrefix(string(text), want) {
			t.Errorf("heard %s, want %s...", text, want)
		}
	}
	err := rt.Server().Do(t.Context(), func(t *framework.Turn) error { return p.Publish(t, "news", func() {}) })
	if err == nil || !strings.Contains(err.Error(), "pubsub: json: unsupported type") {
		t.Errorf("error %v", err)
	}
}

func TestRulesSayWhoMay(t *testing.T) {
	own := func(t *framework.Turn, channel string) error {
		if channel != t.User().ID {
			return framework.Errorf(framework.CodeDenied, "another's")
		}
		return nil
	}
	rt, _ := start(t, pubsub.Options{Name: "mail", Subscribe: own, Publish: own})
	ann := rt.Connect(annUser)
	ann.Call("mail.publish", publication{"ann", 1}, nil)
	ann.Fails("mail.publish", publication{"bob", 1}, framework.CodeDenied)
	ann.Fails("mail.publishOthers", publication{"bob", 1}, framework.CodeDenied)
	for channel, code := range map[string]string{"ann": "", "bob": framework.CodeDenied} {
		if _, err := ann.Subscribe(t.Context(), "mail/"+channel, func(client.Entry) {}); client.CodeOf(err) != code {
			t.Errorf("subscribing to %s: %v", channel, err)
		}
	}
}

func TestAChannelHasToBeANameOfATopic(t *testing.T) {
	rt, _ := start(t, pubsub.Options{Subscribe: framework.Anyone, Publish: framework.Anyone})
	ann := rt.Connect(annUser)
	for _, channel := range []string{"a,b", "a|b", "a*b", "a\nb", strings.Repeat("x", 200)} {
		ann.Fails("pubsub.publish", publication{channel, 1}, framework.CodeInvalid)
	}
	ann.Call("pubsub.publish", publication{"a/b c", 1}, nil)
}

func TestWhoMaySubscribeHasToBeSaid(t *testing.T) {
	_, err := framework.New(framework.Config{Services: []framework.Service{pubsub.New(pubsub.Options{}).Service}})
	if err == nil || !strings.Contains(err.Error(), "say who may subscribe") {
		t.Errorf("error %v", err)
	}
}
