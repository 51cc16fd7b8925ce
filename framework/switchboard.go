package framework

import (
	"context"
	"net/http"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
	"github.com/sojourn-go/sojourn/transports"
)

// switchboard is what the server is to its transports.
type switchboard struct{ *Server }

var _ transports.Switchboard = switchboard{}

// Open implements transports.Switchboard: the hello of a new client commits its socket's connect turn, that of one that was here before attaches.
func (s switchboard) Open(r *http.Request, line []byte, by transports.Carrier) (transports.Link, error) {
	hello, err := protocol.ParseHello(line)
	if err != nil {
		return nil, err
	}
	if s.drain.started() {
		return nil, &protocol.Close{Code: protocol.CodeUnavailable, Why: "the instance is being shut down"}
	}
	if address := s.cfg.Address(r); hello.Cursor == nil && !s.opens.take(address) {
		return nil, s.crowded("opens", caller{address: address})
	}
	c, err := s.caller(r, hello.Auth)
	if err != nil {
		return nil, err
	}
	if _, err := s.hub.start(r.Context()); err != nil {
		return nil, err
	}
	cred := protocol.CredentialOf(hello.Key)
	sock := &socket{id: cred.Socket, secret: cred.Secret, session: c.session, build: hello.Build, user: c.user, bound: c.cookie}
	l := s.newLink(sock, hello, by)
	if s.cfg.Identify != nil {
		l.said = &credentials{request: r, user: c.user}
		l.expire(c.user.Expires)
	}
	if !s.hub.join(l) { // before the store knows of it, so that no notice is missed
		return nil, &protocol.Close{Code: protocol.CodeUnavailable, Why: "the instance is being shut down"}
	}
	if err := s.connect(r.Context(), l, hello, c); err != nil {
		l.Close()
		return nil, err
	}
	s.due.held()
	s.aways.came(l.sock.id)
	return l, nil
}

func (s *Server) newLink(sock *socket, hello protocol.HelloUp, by transports.Carrier) *link {
	l := &link{
		srv: s, sock: sock, carrier: by, attach: hello.Attach, fresh: hello.Cursor == nil || hello.Now, reread: true,
	}
	if by.Ready == nil {
		l.woken = make(chan struct{}, 1)
	}
	l.woke.Store(true)
	return l
}

// connect opens the link's socket, or attaches to it.
func (s *Server) connect(ctx context.Context, l *link, hello protocol.HelloUp, c caller) error {
	if hello.Cursor == nil {
		out, failed, err := s.execute(ctx, s.openJob(l, c))
		switch {
		case err != nil:
			return err
		case CodeOf(failed) == CodeBusy: // it is not the client who is refused
			return &protocol.Close{Code: protocol.CodeUnavailable, Why: told(failed, "").Message}
		case failed != nil:
			return &protocol.Close{Code: protocol.CodeDenied, Why: told(failed, turnID(l.sock.id, 0).String()).Message}
		case out.Status == store.Exceeded:
			return s.crowded(out.Over, c)
		case out.Status == store.Applied:
			l.sock.note(0, out.Top)
			l.sock.prolong(c.user.Expires)
			s.known.put(l.sock)
			l.opened(out.Top)
			return nil
		}
		// Repeated: the answer to an earlier hello of this very open was lost.
	}
	return s.attach(ctx, l, hello, c)
}

func (s *Server) openJob(l *link, c caller) job {
	open := store.Open{
		Secret: l.sock.secret, User: l.sock.identity(), Session: l.sock.session,
		Attach: l.attach, Inbox: s.hub.inbox(), TTL: s.cfg.TTL, Groups: s.groups(c),
	}
	return job{
		cause: store.Cause{Socket: l.sock.id}, sock: l.sock, user: c.user,
		before: []store.Effect{open}, handler: s.reg.connect.turn,
	}
}

// opened takes a stream that has just begun.
func (l *link) opened(top store.Cursor) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if top.Offset == 0 && l.latest == 0 { // nothing in it: nothing to read
		l.reread, l.cursor, l.tip = false, top, top
	}
}

func (s *Server) attach(ctx context.Context, l *link, hello protocol.HelloUp, c caller) error {
	a := store.Attach{
		Socket: l.sock.id, Secret: l.sock.secret, Number: hello.Attach, Inbox: s.hub.inbox(), TTL: s.cfg.TTL,
		In: hello.In, Topics: hello.Topics,
	}
	if hello.Cursor != nil {
		a.Cursor = *hello.Cursor
	}
	got, err := s.store.Attach(ctx, a)
	if err != nil {
		return s.unavailable(err)
	}
	s.due.hint(got.NextDue)
	switch got.Status {
	case store.Applied, store.Lost:
	case store.Stale:
		return &protocol.Close{Code: protocol.CodeStale}
	case store.Rewound:
		return &protocol.Close{Code: protocol.CodeRewound, In: &got.Socket.Number}
	case store.Denied:
		return &protocol.Close{Code: protocol.CodeDenied, Why: "wrong key"}
	default:
		return endOf(got.Socket)
	}
	sock := s.known.put(s.socketFrom(got.Socket))
	if err := s.admit(ctx, sock, c); err != nil {
		return err
	}
	sock.prolong(c.user.Expires)
	l.tries, l.first = hello.Tries, got.Socket.Number+1
	l.attached(sock, got)
	return nil
}

// attached takes what an attach returned.
func (l *link) attached(sock *socket, got store.Attached) {
	l.sock = sock
	for _, sub := range got.Subs {
		l.follow(sub)
	}
	l.cursor = got.From
	l.mu.Lock()
	defer l.mu.Unlock()
	l.notices, l.tip, l.reread = got.Entries, got.From, false
	if n := len(got.Entries); n > 0 {
		l.tip = got.Entries[n-1].Cursor
	}
	if l.tip.Offset < max(got.Socket.Top.Offset, l.latest) { // there is more than an attach returns, or was noticed meanwhile
		l.reread = true
	}
	l.ack, l.ackSaid = got.From, got.From
	if got.Status == store.Lost {
		l.loss = lostFrame("", got.From, "expired")
	}
}

// Post implements transports.Switchboard: frames of a client whose transport only carries down, perhaps to another instance.
func (s switchboard) Post(r *http.Request, frames [][]byte) ([][]byte, error) {
	hello, err := protocol.ParseHelloPost(frames[0])
	if err != nil {
		return nil, err
	}
	c, err := s.caller(r, hello.Auth)
	if err != nil {
		return nil, err
	}
	ctx := r.Context()
	sock, err := s.lookup(ctx, protocol.CredentialOf(hello.Key))
	if err == nil {
		err = s.admit(ctx, sock, c)
	}
	if err != nil {
		return nil, err
	}
	s.renewed(ctx, sock, c.user.Expires)
	var acked *receipt
	var reply [][]byte
	size := 0 // of the answers to volatile calls
	for i, line := range frames[1:] {
		f, err := protocol.ParseFrame(line)
		switch {
		case err != nil:
			return reply, err
		case f.Kind == protocol.Volatile:
			if !sock.fresh() { // no commit follows that would tell whether it has ended
				if err := s.look(ctx, sock); err != nil {
					return reply, err
				}
			}
			answer := s.volatilePost(ctx, sock, c.user, f, size)
			size += len(answer)
			reply = append(reply, answer)
			continue
		case !numbered(f.Kind):
			continue
		}
		m := message{Frame: f, ack: hello.Ack, user: c.user}
		if i == 0 {
			m.tries = hello.Tries
		}
		done, err := s.handleMessage(ctx, sock, m)
		if err != nil {
			return reply, err
		}
		if acked = &done; done.missing {
			break // what follows would be a gap too
		}
	}
	if acked != nil {
		reply = append(reply, acked.frame())
	} else if !hello.Ack.IsZero() {
		s.acknowledge(ctx, sock, hello.Ack)
	}
	s.due.passing(ctx)
	return reply, nil
}

// volatilePost answers a volatile call of a POST, those before which had answers of a size.
func (s switchboard) volatilePost(ctx context.Context, sock *socket, user User, f protocol.Frame, size int) []byte {
	if most := s.cfg.Limits.EffectBytes; size > most {
		return refusal(f, Errorf(CodeFull, "the answers before have %d bytes, more than %d", size, most))
	}
	if refused := sock.beginVolatile(f, s.cfg.Limits.Volatile); refused != nil {
		return refused
	}
	defer sock.endVolatile()
	return s.volatileCall(ctx, sock, user, f)
}

// look asks the store what has become of a socket.
func (s *Server) look(ctx context.Context, sock *socket) error {
	replies, err := s.store.Read(ctx, []store.Query{{Socket: sock.id}})
	if err != nil {
		return s.unavailable(err)
	}
	r := replies[0]
	if r.Status != store.Applied {
		s.known.forget(sock.id)
		return endOf(r.Sock)
	}
	sock.renote(r.Sock.Number, r.Sock.Top)
	return nil
}

// lookup finds the socket of a credential: among those that this instance knows, or in the store.
func (s *Server) lookup(ctx context.Context, cred protocol.Credential) (*socket, error) {
	if k := s.known.get(cred.Socket); k != nil && k.secret == cred.Secret {
		return k, nil
	}
	replies, err := s.store.Read(ctx, []store.Query{{Socket: cred.Socket}})
	if err != nil {
		return nil, s.unavailable(err)
	}
	switch r := replies[0]; {
	case r.Status != store.Applied:
		return nil, endOf(r.Sock)
	case r.Sock.Secret != cred.Secret:
		return nil, &protocol.Close{Code: protocol.CodeDenied, Why: "wrong key"}
	default:
		return s.known.put(s.socketFrom(r.Sock)), nil
	}
}

// ended returns how a socket that takes no message any more has ended.
func (s *Server) ended(ctx context.Context, id string) error {
	s.known.forget(id)
	replies, err := s.store.Read(ctx, []store.Query{{Socket: id}})
	if err != nil {
		return s.unavailable(err)
	}
	return endOf(replies[0].Sock)
}

// endSocket ends a socket and returns what its client is told.
func (s *Server) endSocket(ctx context.Context, sock *socket, code protocol.Code, why string) error {
	err := s.Do(ctx, func(t *Turn) error {
		return t.add(store.End{Socket: sock.id, Code: int(code), Why: why}, 0)
	})
	if err != nil {
		return err
	}
	return s.ended(ctx, sock.id) // only the store knows what the last message was that it took
}
