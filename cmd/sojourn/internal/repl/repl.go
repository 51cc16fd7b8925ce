// Package repl talks with a running server, command by command: it is what sojourn repl does.
//
// Of the lines that it prints those that begin with "<" came by themselves, "#" is before its own remarks and "!" before errors; all others are what
// was asked for.
package repl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/protocol"
)

// Options say with whom to talk, and how.
type Options struct {
	// URL is where the server is mounted, for people.
	URL string
	// Dial begins the conversation, with callbacks and the fallback for handlers as they are in the options that it is given.
	Dial func(context.Context, client.Options) (*client.Client, error)
	// Timeout is how long a command may wait for the server.
	Timeout time.Duration
	// History is the file that commands on a terminal are remembered in; "": they are not.
	History string
	// Secrets are texts that no command is remembered with: credentials.
	Secrets []string
}

// ErrFailed is returned if a command of a pipe failed. Why stands in the output.
var ErrFailed = errors.New("a command failed")

var (
	errQuit        = errors.New("quit")
	errEnded       = errors.New("the conversation has ended")
	errInterrupted = errors.New("interrupted")
)

// goodbyeTime is how long the goodbye may take. Without it the socket ends when its time to live is over.
const goodbyeTime = 3 * time.Second

// session is one conversation with a server, and with who types.
type session struct {
	Options
	c     *client.Client
	in    *input
	out   *printer
	ended context.CancelCauseFunc // ends everything

	interruptible func(context.Context) (context.Context, context.CancelFunc) // what a command waits with

	described protocol.Description // what discovery said last
	seen      map[string]bool      // names of topics, for completion

	mu        sync.Mutex // guards what callbacks change
	transport string
	topics    map[string]*client.Subscription
	questions map[int]*question
	asked     int // how many questions there were
}

func newSession(o Options, in lines, out io.Writer) *session {
	return &session{
		Options: o, in: newInput(in), out: newPrinter(out), interruptible: context.WithCancel,
		seen: map[string]bool{}, topics: map[string]*client.Subscription{}, questions: map[int]*question{},
	}
}

// Pipe runs the commands that are read from in, one a line, and prints what comes of them. Its error is [ErrFailed] if one of them failed, or says
// why there is no conversation (any more). What comes while a command runs is printed after the command's result.
func Pipe(ctx context.Context, o Options, in io.Reader, out io.Writer) error {
	return newSession(o, newPipe(in), out).script(ctx)
}

func (s *session) script(ctx context.Context) error {
	s.out.holds = true
	failed := false
	err := s.talk(ctx, nil, func(ctx context.Context) error {
		err := s.command(ctx)
		failed = failed || isFailure(err)
		return err
	})
	if err == nil && failed {
		return ErrFailed
	}
	return err
}

// talk connects, greets, and has command called until it returns errQuit or io.EOF, or the conversation ends.
func (s *session) talk(ctx context.Context, greet func(context.Context), command func(context.Context) error) error {
	ctx, s.ended = context.WithCancelCause(ctx)
	defer s.ended(nil)
	s.in.ctx = ctx
	var err error
	s.c, err = s.Dial(ctx, client.Options{OnStatus: s.onStatus, OnTransport: s.onTransport, OnLost: s.onLost, Fallback: s.handler})
	if err != nil {
		return err
	}
	defer s.bye()
	if greet != nil {
		greet(ctx)
	}
	for {
		err := command(ctx)
		switch {
		case errors.Is(err, errQuit), errors.Is(err, io.EOF):
			return nil
		case errors.Is(context.Cause(ctx), errEnded):
			return fmt.Errorf("%w: %w", errEnded, s.c.Err())
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
	}
}

func (s *session) bye() {
	s.out.hush()
	ctx, cancel := context.WithTimeout(context.Background(), goodbyeTime)
	defer cancel()
	_ = s.c.Close(ctx) // nobody is there any more to be told
}

func (s *session) onStatus(status client.Status) {
	switch status {
	case client.StatusOpen:
	case client.StatusClosed:
		s.ended(errEnded)
	default:
		s.out.tell("status", string(status))
	}
}

func (s *session) onTransport(name string) {
	s.mu.Lock()
	first := s.transport == ""
	s.transport = name
	s.mu.Unlock()
	if !first {
		s.out.tell("transport", name)
	}
}

func (s *session) onLost(stream, why string) {
	if why == "unsubscribed" {
		s.forget(stream)
	}
	if stream == "" {
		stream = "of what the server told"
	}
	s.out.tell("lost", stream+": "+why)
}
