package engineio

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports/internal/session"
)

// refusal is an error as the protocol tells it.
type refusal struct {
	status  int
	code    int
	message string
}

var (
	unknownTransport = refusal{http.StatusBadRequest, 0, "Transport unknown"}
	unknownSession   = refusal{http.StatusBadRequest, 1, "Session ID unknown"}
	badMethod        = refusal{http.StatusBadRequest, 2, "Bad handshake method"}
	badRequest       = refusal{http.StatusBadRequest, 3, "Bad request"}
	forbidden        = refusal{http.StatusForbidden, 4, "Forbidden"}
	unsupported      = refusal{http.StatusBadRequest, 5, "Unsupported protocol version"}
	tooLarge         = refusal{http.StatusRequestEntityTooLarge, 3, "Payload too large"}
	unavailable      = refusal{http.StatusServiceUnavailable, 3, "Service unavailable"}
)

// refusalOf is what a client is told of an error of its session.
func refusalOf(err error) refusal {
	if _, ok := errors.AsType[*session.Gone](err); ok || errors.Is(err, session.ErrUnknown) {
		return unknownSession
	}
	if end, ok := errors.AsType[*protocol.Close](err); ok {
		return refusal{end.Code.Status(), forbidden.code, end.Error()}
	}
	switch {
	case errors.Is(err, session.ErrUpgraded), errors.Is(err, session.ErrBusy), errors.Is(err, session.ErrTwice), errors.Is(err, session.ErrMoved):
		return badRequest
	}
	return unavailable
}

// refuse answers a request with an error. A connection that was to become a websocket is of no other use to its client.
func (e *engine) refuse(w http.ResponseWriter, r *http.Request, why refusal) {
	body, _ := json.Marshal(struct { // has no values that cannot be
		Code    int    `json:"code"`
		Message string `json:"message"`
	}{why.code, why.message})
	if isUpgrade(r) {
		w.Header().Set("Connection", "close")
	}
	if why.status == http.StatusServiceUnavailable || why.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	_ = e.answer(w, why.status, "application/json", body) // who does not take it is refused all the same
}

func (e *engine) answer(w http.ResponseWriter, status int, contentType string, body []byte) error {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	return e.Limits.Answer(w, status, body)
}
