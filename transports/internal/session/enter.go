package session

import (
	"errors"
	"net/http"
)

// Enter receives a session, and makes it first if there is none: opened. A poll has nothing to receive then, and its receiver is nil. Of those who come at once on this
// instance one makes it.
func (s *Sessions) Enter(r *http.Request, sid string, c Carrier) (got *Receiver, opened bool, err error) {
	if got, err = s.Receive(r, sid, c); !errors.Is(err, ErrUnknown) {
		return got, false, err
	}
	id := s.ID(sid)
	if !s.entering.lock(r.Context(), id, true) {
		return nil, false, r.Context().Err()
	}
	defer s.entering.unlock(id)
	if _, err = s.Look(r.Context(), sid); errors.Is(err, ErrUnknown) {
		by := &c
		if c.Once {
			by = nil
		}
		if got, err = s.Open(r, sid, by); !errors.Is(err, ErrExists) {
			return got, err == nil, err
		}
	}
	got, err = s.Receive(r, sid, c)
	return got, false, err
}
