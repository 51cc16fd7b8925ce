package transports

import (
	"net/http"

	"github.com/sojourn-go/sojourn/protocol"
)

// Up returns the handler of POST /up, by which the clients of transports that only carry down send their frames. It is
// comparable: two handlers for the same switchboard and limits are equal.
func Up(sb Switchboard, l Limits) http.Handler { return up{sb, l.withDefaults()} }

type up struct {
	sb     Switchboard
	limits Limits
}

func (u up) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	frames, ok := u.limits.ReadFrames(w, r)
	switch {
	case !ok:
	case len(frames) == 0:
		Respond(w, nil, &protocol.Close{Code: protocol.CodeMalformed, Why: "no frame"})
	case len(frames) > 1+u.limits.Frames:
		Respond(w, nil, errTooBig)
	default:
		reply, err := u.sb.Post(r, frames)
		Respond(w, reply, err)
	}
}
