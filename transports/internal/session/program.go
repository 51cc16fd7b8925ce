package session

import (
	"log"
	"net/http"
	"runtime/debug"

	"github.com/sojourn-go/sojourn/store"
)

// Program is what sessions are for where there is no switchboard. Of one session one of Opened and Received runs at a time on an instance.
type Program struct {
	Opened   func(*Exchange)
	Received func(*Exchange, Message)
	Closed   func(id string, end Gone) // runs again elsewhere if the instance dies before it has returned, or it takes more than 30 s
}

// Exchange is one callback's view of its session. What it is told to do takes effect together with the message, after the callback.
type Exchange struct {
	ID      string
	Request *http.Request // that brought this

	down [][]byte
	size int // of them, in bytes
	end  *Gone
}

// Send sends messages down.
func (x *Exchange) Send(ms ...Message) {
	for _, m := range ms {
		x.down = append(x.down, m.entry())
		x.size += len(m.Data)
	}
}

// End ends the session, after what was sent.
func (x *Exchange) End(end Gone) { x.end = &end }

func (x *Exchange) effects() []store.Effect {
	if x.end != nil {
		return appends(x.ID, append(x.down, x.end.entry()))
	}
	return appends(x.ID, x.down)
}

func (p *Program) opened(x *Exchange) {
	if p != nil && p.Opened != nil {
		p.Opened(x)
	}
}

func (p *Program) received(x *Exchange, m Message) {
	if p != nil && p.Received != nil {
		p.Received(x, m)
	}
}

// closed tells that a session has ended. It is in nobody's request, so that a panic ends here.
func (p *Program) closed(id string, end Gone) {
	defer func() {
		if panicked := recover(); panicked != nil {
			log.Printf("session: panic after the end of %s: %v\n%s", id, panicked, debug.Stack())
		}
	}()
	if p != nil && p.Closed != nil {
		p.Closed(id, end)
	}
}
