package transports

import (
	"net/http"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// Up returns the handler of POST /up, by which the clients of transports that only carry down send their frames. It is
// comparable: two handlers for the same switchboard and limits are equal.
//
// A client has one such request under way at a time, so that its answers pace it: no answer comes before the request's last
// message would have come at Limits.Rate a second, or 10 s after the request. The handler knows nothing of requests before it.
func Up(sb Switchboard, l Limits) http.Handler { return up{sb, l.Defaults()} }

type up struct {
	sb     Switchboard
	limits Limits
}

// maxHeld is how long an answer is held back: clients wait 60 s for one.
const maxHeld = 10 * time.Second

func (u up) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	frames, ok := u.limits.ReadFrames(w, r)
	if !ok {
		return
	}
	if len(frames) == 0 {
		u.limits.Respond(w, nil, &protocol.Close{Code: protocol.CodeMalformed, Why: "no frame"})
		return
	}
	arrived := time.Now()
	reply, err := u.sb.Post(r, frames)
	if messages := len(frames) - 1; messages > 1 {
		held := min(maxHeld, time.Duration(messages-1)*time.Second/time.Duration(u.limits.Rate))
		_ = pause(r.Context(), held-time.Since(arrived)) // if nobody waits any more, that is found by writing
	}
	u.limits.Respond(w, reply, err)
}
