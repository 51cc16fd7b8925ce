package peers

import (
	"context"
	"net/http"

	"github.com/gorilla/websocket"
	"github.com/redis/rueidis"
)

var _ = register(Peer{"raw-redis", gorilla, "raw, and a Redis between instances: one script appends to a stream and publishes, by rueidis", makeRawRedis})

// appendAndPublish keeps the last thousand messages, and tells who is there.
var appendAndPublish = rueidis.NewLuaScript(`redis.call('XADD', KEYS[1], 'MAXLEN', '~', '1000', '*', 'm', ARGV[1])
return redis.call('PUBLISH', KEYS[1], ARGV[1])`)

func makeRawRedis(o Options) (server, error) {
	option, err := rueidis.ParseURL(o.Redis)
	if err != nil {
		return server{}, err
	}
	client, err := rueidis.NewClient(option)
	if err != nil {
		return server{}, err
	}
	followers := &set[*websocket.Conn]{}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_ = client.Receive(ctx, client.B().Subscribe().Channel("news").Build(), func(m rueidis.PubSubMessage) {
			text := []byte(m.Message)
			followers.each(func(c *websocket.Conn) { _ = c.WriteMessage(websocket.TextMessage, text) })
		})
	}()
	mux := http.NewServeMux()
	mux.HandleFunc("/news", func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		followers.add(c)
		defer followers.remove(c)
		read(c)
	})
	return server{
		Handler: mux,
		publish: func(b []byte) error {
			return appendAndPublish.Exec(ctx, client, []string{"news"}, []string{string(b)}).Error()
		},
		close: func() {
			cancel()
			client.Close()
		},
	}, nil
}
