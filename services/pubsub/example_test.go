package pubsub_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/services/pubsub"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// ownChannel is a rule: who may publish where.
func ownChannel(t *framework.Turn, channel string) error {
	if channel != "from/"+t.User().ID {
		return framework.Errorf(framework.CodeDenied, "publish to your own channel")
	}
	return nil
}

// Channels that everybody reads. A page says app.pubsub.subscribe('news', value => ...).
func Example() {
	channels := pubsub.New(pubsub.Options{
		History:   20,               // of the latest values, for who comes later
		Subscribe: framework.Anyone, // has to be said
		Publish:   ownChannel,       // default: no page, only the program's own code
	})
	rt, err := framework.New(framework.Config{
		Transports: []transports.Transport{ws.Transport{}},
		Services:   []framework.Service{channels.Service},
	})
	check(err)
	defer rt.Close()
	server := httptest.NewServer(rt)
	defer server.Close()

	ctx := context.Background()
	c, err := client.Dial(ctx, server.URL+"/rt", nil)
	check(err)
	defer c.Close(ctx)

	heard := make(chan pubsub.Message, 1)
	_, err = c.Subscribe(ctx, "pubsub/news", func(e client.Entry) {
		var m pubsub.Message
		check(e.JSON(&m))
		heard <- m
	})
	check(err)
	check(rt.Do(ctx, func(t *framework.Turn) error { return channels.Publish(t, "news", "the shop is open") }))
	fmt.Printf("%s\n", (<-heard).Value)
	// Output:
	// "the shop is open"
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
