package memory

import (
	"context"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// Attach implements [store.Store].
func (s *Store) Attach(ctx context.Context, a store.Attach) (store.Attached, error) {
	now, err := s.begin(ctx)
	if err != nil {
		return store.Attached{}, err
	}
	defer s.mu.Unlock()
	found := s.attach(a, now)
	found.NextDue = s.state.nextDue(now)
	return found, nil
}

func (s *Store) attach(a store.Attach, now time.Duration) store.Attached {
	sock := s.state.sockets[a.Socket]
	switch {
	case sock == nil:
		return store.Attached{Status: store.Gone, Socket: told(s.state.known(a.Socket))}
	case sock.Secret != a.Secret:
		return store.Attached{Status: store.Denied}
	case sock.Ended:
		return store.Attached{Status: store.Gone, Socket: told(sock.known())}
	case a.Kept && sock.due.at <= now:
		return store.Attached{Status: store.Gone, Socket: told(sock.known())}
	case a.Kept && a.Number == 0 && sock.inbox != "" && sock.inbox != a.Inbox:
		return store.Attached{Status: store.Busy, Socket: told(sock.known())}
	case a.Kept && a.Number == 0:
		a.Number = sock.Attach
		if sock.inbox == "" {
			a.Number++
		}
	case a.Number < sock.Attach:
		return store.Attached{Status: store.Stale}
	}
	if a.In > sock.Number {
		return store.Attached{Status: store.Rewound}
	}

	status, from := store.Applied, a.Cursor
	if a.Kept || from.IsZero() && sock.floor.Offset == 0 {
		from = sock.floor
	}
	switch sock.relate(from) {
	case foreign:
		return store.Attached{Status: store.Rewound}
	case before:
		status, from = store.Lost, sock.floor
	}
	if a.Kept && sock.cut {
		status = store.Lost
	}

	sock.acknowledge(from)
	if a.Number > sock.Attach || a.Inbox != sock.inbox {
		s.notify(sock.inbox, "", store.Notice{Kind: store.Moved, Socket: a.Socket, Number: a.Number})
	}
	sock.Attach, sock.inbox = a.Number, a.Inbox
	s.state.deadlines.set(&sock.due, now+a.TTL)
	for name, c := range a.Topics {
		if sub, ok := sock.subs[name]; ok {
			sub.Cursor = c
			sock.subs[name] = sub
		}
	}
	return store.Attached{
		Status:  status,
		Socket:  told(sock.known()),
		From:    from,
		Entries: sock.after(from, a.Max),
		Subs:    sock.subscriptions(),
	}
}
