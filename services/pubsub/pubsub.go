// Package pubsub is named channels for pages, without any code of the program's:
//
//	pubsub.New(pubsub.Options{History: 20, Subscribe: framework.Anyone, Publish: framework.Anyone}).Service
//
// The page:
//
//	const off = app.pubsub.subscribe('news', (value, meta) => show(meta.user?.name, value))
//	await app.pubsub.publish('news', { any: 'JSON' })
//	await app.pubsub.publishOthers('news', value) // not to this page itself
//
// Channels are topics: subscribers get what is published in order, without gap or repeat, or are told that something is lost, rt.on('lost'), with the stream
// pubsub/news. A publication is real when its promise settles. Whoever may publish to a channel makes it: there is no list of them, and one that
// nobody publishes to or watches is forgotten after 24 hours. So a rule that lets everybody publish everywhere is for programs whose users are known.
package pubsub

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"

	"github.com/sojourn-go/sojourn/framework"
)

//go:embed client.js
var files embed.FS

// Options say what a PubSub is.
type Options struct {
	// Name is the service's, and that of its topic. Default "pubsub".
	Name string
	// History is how many of the latest values a new subscriber gets first. Default 0. As many are kept as a [framework.Topic] keeps by default.
	History int
	// Subscribe says who may subscribe to a channel. It must be set.
	Subscribe framework.Rule
	// Publish says which page may publish to a channel. Default: none, only the program's own code does.
	Publish framework.Rule
}

// PubSub is a set of channels. Make one with [New].
type PubSub struct {
	// Service is what a server lists.
	Service framework.Service

	channels *framework.Topic[Message]
}

// Message is what a channel's subscribers get.
type Message struct {
	// Value is what was published.
	Value json.RawMessage `json:"value"`
	// User is who published it: the user of the turn; absent in a turn of nobody's.
	User User `json:"user,omitzero"`
	// At is when that was, by the instance's clock, in milliseconds since 1970.
	At int64 `json:"at"`
}

// User is what everybody may know of a user: the ID and the name that the program's Identify gave it.
type User struct {
	ID   string `json:"id,omitempty"`   // empty: nobody is known
	Name string `json:"name,omitempty"` // what people call them; may be empty
}

// publication is what a page publishes.
type publication struct {
	Channel string          `json:"channel"`
	Value   json.RawMessage `json:"value"`
}

// New makes channels. What is wrong with the options, [framework.New] says.
func New(o Options) *PubSub {
	name := cmp.Or(o.Name, "pubsub")
	p := &PubSub{channels: &framework.Topic[Message]{Name: name, History: o.History, Subscribe: o.Subscribe}}
	from := func(publish func(*framework.Turn, string, any) error) framework.Method {
		return framework.Event(func(t *framework.Turn, in publication) error {
			if o.Publish == nil {
				return framework.Errorf(framework.CodeDenied, "pages do not publish to %s", name)
			}
			if err := o.Publish(t, in.Channel); err != nil {
				return err
			}
			return publish(t, in.Channel, in.Value)
		})
	}
	p.Service = framework.Service{
		Name:    name,
		Files:   files,
		Methods: framework.Methods{"publish": from(p.Publish), "publishOthers": from(p.PublishOthers)},
		Topics:  []framework.Stream{p.channels},
	}
	return p
}

// Publish publishes a value, which must encode as JSON, to everyone who is subscribed to a channel. The rule is for pages, and not asked.
func (p *PubSub) Publish(t *framework.Turn, channel string, v any) error {
	m, err := message(t, v)
	if err != nil {
		return err
	}
	return p.channels.Publish(t, channel, m)
}

// PublishOthers is Publish to all but the turn's own socket.
func (p *PubSub) PublishOthers(t *framework.Turn, channel string, v any) error {
	m, err := message(t, v)
	if err != nil {
		return err
	}
	return p.channels.PublishOthers(t, channel, m)
}

func message(t *framework.Turn, v any) (Message, error) {
	value, err := json.Marshal(v)
	if err != nil {
		return Message{}, fmt.Errorf("pubsub: %w", err)
	}
	return Message{Value: value, User: User{ID: t.User().ID, Name: t.User().Name}, At: t.Now().UnixMilli()}, nil
}
