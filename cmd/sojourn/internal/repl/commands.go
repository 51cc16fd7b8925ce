package repl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// command is something that can be typed.
type command struct {
	name, args, help string
	run              func(s *session, ctx context.Context, args string) error
	complete         func(s *session) []string // what its argument may be; nil: nobody knows
}

func commands() []command {
	return []command{
		{"call", "METHOD [PAYLOAD]", "calls a method and prints its answer; the word call can be left out", (*session).call, (*session).methods},
		{"volatile", "METHOD [PAYLOAD]", "calls a volatile method: now or never", (*session).volatile, (*session).volatileMethods},
		{"subscribe", "TOPIC", "prints a topic's entries as they come", (*session).subscribe, (*session).someTopics},
		{"watch", "TOPIC", "prints a state, and then what changes in it", (*session).watch, (*session).someStates},
		{"unsubscribe", "TOPIC", "ends a subscribe or a watch", (*session).unsubscribe, (*session).subscribed},
		{"answer", "N [PAYLOAD]", "answers question N of the server", (*session).answer, (*session).open},
		{"refuse", "N CODE [MESSAGE]", "answers question N with an error", (*session).refuse, (*session).open},
		{"wait", "NAME", "waits until a topic has an entry, or a method was called here; or for lost, status, transport", (*session).wait, (*session).subscribed},
		{"discover", "[SERVICE]", "prints the services, if the server tells (Config.Discover)", (*session).discover, (*session).services},
		{"status", "", "prints the transport, the socket and what is open", (*session).status, nil},
		{"use", "TRANSPORT", "goes on over ws, sse or longpoll", (*session).use, transportNames},
		{"help", "", "prints this", (*session).help, nil},
		{"quit", "", "says goodbye; so does the end of the input", (*session).quit, nil},
	}
}

const payloadHelp = `PAYLOAD is JSON, over as many lines as it takes; or bytes: @file, hex:00ff, base64:AP8=.`

// command reads a command and runs it. What is wrong with it is printed, and returned.
func (s *session) command(ctx context.Context) error {
	s.in.typed = nil
	line, err := s.in.next(prompt)
	if err != nil {
		return err
	}
	s.out.begin()
	defer s.out.end()
	err = s.run(ctx, strings.TrimSpace(line))
	if isFailure(err) {
		s.out.say("! " + reason(err))
	}
	return err
}

func isFailure(err error) bool {
	return err != nil && !errors.Is(err, errQuit) && !errors.Is(err, io.EOF)
}

func (s *session) run(ctx context.Context, line string) error {
	word, args := cut(line)
	for _, c := range commands() {
		if c.name == word {
			return c.run(s, ctx, args)
		}
	}
	switch {
	case word == "" || word[0] == '#': // a remark
		return nil
	case strings.Contains(word, "."):
		return s.call(ctx, line)
	}
	return fmt.Errorf("no command %q: help lists them", word)
}

// cut splits the first word off.
func cut(text string) (word, rest string) {
	word, rest, _ = strings.Cut(text, " ")
	return word, strings.TrimSpace(rest)
}

// reason is what people are told of an error.
func reason(err error) string { return strings.TrimPrefix(err.Error(), "client: ") }

func (s *session) help(context.Context, string) error {
	for _, c := range commands() {
		s.out.say(fmt.Sprintf("  %-25s  %s", strings.TrimSpace(c.name+" "+c.args), c.help))
	}
	s.out.say(payloadHelp)
	return nil
}

func (s *session) quit(context.Context, string) error { return errQuit }

func (s *session) status(context.Context, string) error {
	transport := s.c.Transport()
	if transport == "" {
		transport = "no connection"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out.say(fmt.Sprintf("%s, %s, socket %s", s.URL, transport, s.c.ID()))
	for _, name := range slices.Sorted(maps.Keys(s.topics)) {
		s.out.say("subscribed to " + name)
	}
	for _, n := range slices.Sorted(maps.Keys(s.questions)) {
		s.out.say(s.questions[n].String())
	}
	return nil
}

// use does not wait: over which transport it goes on is news.
func (s *session) use(_ context.Context, name string) error { return s.c.Use(name) }

func transportNames(*session) []string { return []string{"ws", "sse", "longpoll"} }

// wait waits for news.
func (s *session) wait(ctx context.Context, name string) error {
	if name == "" {
		return errors.New("wait for what? The name of a topic, or of a method that is called here")
	}
	ctx, stop := s.patience(ctx, fmt.Errorf("nothing of %s within %v", name, s.Timeout))
	defer stop()
	return s.out.wait(ctx, name)
}
