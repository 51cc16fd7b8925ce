package peers

import (
	"net/http"

	"github.com/lxzan/gws"
)

var _ = register(Peer{"gws", "github.com/lxzan/gws", "its upgrader on net/http, without compression; its Broadcaster", makeGWS})

// gwsEcho answers each message with itself.
type gwsEcho struct{ gws.BuiltinEventHandler }

func (gwsEcho) OnMessage(c *gws.Conn, m *gws.Message) {
	defer m.Close()
	_ = c.WriteMessage(m.Opcode, m.Bytes())
}

// gwsNews knows who follows.
type gwsNews struct {
	gws.BuiltinEventHandler
	followers set[*gws.Conn]
}

func (n *gwsNews) OnOpen(c *gws.Conn)           { n.followers.add(c) }
func (n *gwsNews) OnClose(c *gws.Conn, _ error) { n.followers.remove(c) }

func makeGWS(Options) (server, error) {
	news := &gwsNews{}
	mux := http.NewServeMux()
	for path, h := range map[string]gws.Event{"/echo": gwsEcho{}, "/news": news} {
		up := gws.NewUpgrader(h, &gws.ServerOption{})
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if c, err := up.Upgrade(w, r); err == nil {
				go c.ReadLoop() // so that what net/http needed for the request can be freed: its documentation
			}
		})
	}
	return server{Handler: mux, publish: func(b []byte) error {
		m := gws.NewBroadcaster(gws.OpcodeText, b)
		defer m.Close()
		news.followers.each(func(c *gws.Conn) { _ = m.Broadcast(c) })
		return nil
	}}, nil
}
