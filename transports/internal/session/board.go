package session

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"unicode/utf8"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
)

// Direct receives a websocket that is a session of its own from its beginning to its end, for a switchboard: that has all that is to be kept of it.
func (s *Sessions) Direct(r *http.Request, c Carrier) (*Receiver, error) {
	if s.isClosed() {
		return nil, ErrClosed
	}
	if s.host != nil {
		if err := s.host.Admit(r); err != nil {
			return nil, err
		}
	}
	got := s.newReceiver(r, "", c)
	got.id = ""
	return got, nil
}

// postToBoard deals with messages for the switchboard that come by a request. A hello is for whoever receives the session, wherever that is; frames say
// themselves whose they are, and what they are answered goes down like all else.
func (s *Sessions) postToBoard(r *http.Request, sid string, ms []Message) (entries [][]byte) {
	for _, m := range ms {
		if s.isHello(m) {
			entries = append(entries, s.seal(sid, m.Data))
			continue
		}
		for _, reply := range s.postFrames(r, m) {
			entries = append(entries, reply.entry())
		}
	}
	return entries
}

// postFrames hands over frames that say whose they are, and returns what they are answered.
func (s *Sessions) postFrames(r *http.Request, m Message) []Message {
	var reply [][]byte
	frames, err := s.split(m)
	if err == nil && len(frames) == 0 {
		return nil
	}
	if err == nil {
		reply, err = s.cfg.Board.Post(r, frames)
	}
	if err != nil {
		reply = append(reply, protocol.CloseOf(err).Append(nil))
	}
	return joined(reply)
}

// split splits a message of frames, before which a line says whose they are.
func (s *Sessions) split(m Message) ([][]byte, error) {
	l := s.cfg.Limits.Defaults()
	l.Frames++
	return l.Split(m.Data)
}

// isHello tells whether a message is a hello. One that is too large, or no text, is none, and so is answered as frames are.
func (s *Sessions) isHello(m Message) bool {
	return len(m.Data) > 0 && m.Data[0] == byte(protocol.Hello) && len(m.Data) <= s.cfg.Limits.Defaults().Frame && utf8.Valid(m.Data)
}

// up deals with messages that a websocket has brought: its link takes them, if it has one.
func (r *Receiver) up(ctx context.Context, ms []Message) error {
	for _, m := range ms {
		if r.s.isHello(m) {
			r.open(m.Data)
			continue
		}
		link := r.linked()
		if link == nil {
			r.say(r.s.postFrames(r.request, m)...)
			continue
		}
		frames, err := r.s.split(m)
		if err == nil {
			err = r.pace.Take(ctx, max(1, len(frames)))
		}
		for i := 1; i < len(frames) && err == nil; i++ { // the first says whose they are, which the link knows
			err = link.Push(ctx, frames[i])
		}
		if err != nil {
			if ctx.Err() == nil {
				r.refuse(err)
			}
			return err
		}
	}
	return nil
}

// open begins a link with a hello. What was the link before is over: its client has said so.
func (r *Receiver) open(line []byte) {
	r.hang()
	link, err := r.s.cfg.Board.Open(r.request, line, transports.Carrier{
		Transport: r.carrier.Transport, Once: r.carrier.Once, Heartbeat: r.carrier.Heartbeat,
	})
	if err != nil {
		r.refuse(err)
		return
	}
	r.mu.Lock()
	over := r.dropped
	if !over {
		r.link = link
		r.wakeLocked()
	}
	r.mu.Unlock()
	if over {
		link.Close()
	}
}

// refuse ends the session with what the switchboard has against what it was told.
func (r *Receiver) refuse(err error) {
	end := protocol.CloseOf(err)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = append(r.down, Message{Data: end.Append(nil)})
	r.refused = &Gone{Why: end.Error()}
	r.wakeLocked()
}

// say sends messages down this connection alone.
func (r *Receiver) say(ms ...Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = append(r.down, ms...)
	r.wakeLocked()
}

func (r *Receiver) linked() transports.Link {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.link
}

// drained returns what is closed when the instance is being shut down. Who has a link is told by that.
func (r *Receiver) drained() <-chan struct{} {
	if r.s.host == nil || r.linked() != nil {
		return nil
	}
	return r.s.host.Drained()
}

// hang ends the link, and tells whether there was one.
func (r *Receiver) hang() bool {
	r.mu.Lock()
	link := r.link
	r.link = nil
	r.mu.Unlock()
	if link != nil {
		link.Close()
	}
	return link != nil
}

// pull adds what the link brings to a batch, and waits for that if there is nothing else and the receiver is not woken.
func (r *Receiver) pull(ctx context.Context, b *Batch) {
	r.mu.Lock()
	b.Messages, r.down = append(b.Messages, r.down...), nil
	if b.End == nil {
		b.End = r.refused
	}
	link := r.link
	if link == nil || b.End != nil || !b.empty() && !r.carrier.Once {
		r.mu.Unlock()
		return
	}
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	if len(r.pending) > 0 || r.reread || r.failed != nil || !b.empty() {
		cancel()
	}
	r.interrupt = cancel
	r.mu.Unlock()

	frames, err := link.Pull(waiting)
	over := err != nil && (waiting.Err() == nil || !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded))
	if over && !errors.Is(err, io.EOF) {
		frames = append(frames, protocol.CloseOf(err).Append(nil))
	}
	r.mu.Lock()
	r.interrupt = nil
	r.mu.Unlock()
	if r.carrier.Once {
		r.collect(b, false) // what has woken it; a hello is for the next poll
	}
	b.Messages = append(b.Messages, joined(frames)...)
	switch {
	case r.carrier.Once:
		r.hang()
		if end := said(frames); end == nil {
			b.Messages = append(b.Messages, Message{}) // the link is over
		} else if b.End == nil {
			b.End = end
		}
	case over:
		r.hang()
		if b.End == nil {
			b.End = &Gone{Why: "transport close"} // its client comes again in a new session
		}
	}
}

// said returns the end that a link's last frames tell of; nil: a poll's client just comes again.
func said(frames [][]byte) *Gone {
	if len(frames) > 0 {
		last, _ := protocol.ParseFrame(frames[len(frames)-1])
		if end, err := protocol.ParseClose(last); err == nil {
			return &Gone{Why: end.Error()}
		}
	}
	return nil
}

// piece bounds what is written as one message.
const piece = 64 << 10

// joined returns frames as messages, each of one line or several.
func joined(frames [][]byte) (ms []Message) {
	for len(frames) > 0 {
		n, size := 1, len(frames[0])
		for n < len(frames) && size+1+len(frames[n]) <= piece {
			size += 1 + len(frames[n])
			n++
		}
		ms = append(ms, Message{Data: bytes.Join(frames[:n], []byte{'\n'})})
		frames = frames[n:]
	}
	return ms
}
