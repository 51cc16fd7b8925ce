package longpoll_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/longpoll"
	"github.com/sojourn-go/sojourn/transports/transporttest"
)

// A poll is answered with the hello alone when its time is over, and at once with what there is to say.
func TestHold(t *testing.T) {
	for _, c := range []struct {
		transport longpoll.Transport
		hold      time.Duration
	}{
		{longpoll.Transport{}, 20 * time.Second},
		{longpoll.Transport{Hold: time.Minute}, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			local := transports.NewLocal(nil)
			s := transporttest.Serve(t, local, c.transport)
			hello := protocol.HelloUp{Version: 1, Key: "AAAAAAAAAAAAAAAAAAAAAA", Attach: 1}
			poll := func(want string, hold time.Duration) {
				start := time.Now()
				response, err := s.Post(t.Context(), "lp", hello.Append(nil))
				if err != nil {
					t.Fatal(err)
				}
				frames, _ := transporttest.ReadLines(response)
				var kinds []byte
				for _, f := range frames {
					kinds = append(kinds, f[0])
				}
				if string(kinds) != want || time.Since(start) != hold {
					t.Errorf("a poll brought %s after %v, want %s after %v", kinds, time.Since(start), want, hold)
				}
				hello.Attach++
				hello.Cursor = &protocol.Cursor{}
			}
			poll("h", 0)
			poll("h", c.hold)
			time.AfterFunc(c.hold-1, func() {
				_ = local.Send(protocol.CredentialOf(hello.Key).Socket, "kit.event", nil)
			})
			poll("he", c.hold-1)
		})
	}
}
