package presence_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http/httptest"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/services/presence"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// known is a rule: who may be where.
func known(t *framework.Turn, room string) error {
	if room != "lobby" && room != "bar" {
		return framework.Errorf(framework.CodeNotFound, "there is no room %.40q", room)
	}
	return nil
}

// Who is in the lobby. A page says app.presence.enter('lobby') and app.presence.watch('lobby', people => ...).
func Example() {
	who := presence.New(presence.Options{Enter: known}) // and watch: has to be said
	rt, err := framework.New(framework.Config{
		Transports: []transports.Transport{ws.Transport{}},
		Services:   []framework.Service{who},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close()
	server := httptest.NewServer(rt)
	defer server.Close()

	ctx := context.Background()
	c, err := client.Dial(ctx, server.URL+"/rt", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close(ctx)

	if err := c.Call(ctx, "presence.enter", "lobby", nil); err != nil {
		log.Fatal(err)
	}
	shown := make(chan int, 1)
	_, err = c.State(ctx, "presence/lobby", func(value json.RawMessage) {
		var people map[string]presence.Person
		if err := json.Unmarshal(value, &people); err != nil {
			log.Fatal(err)
		}
		shown <- len(people)
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-shown)
	// Output:
	// 1
}
