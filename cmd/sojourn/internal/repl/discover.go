package repl

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sojourn-go/sojourn/client"
	"github.com/sojourn-go/sojourn/protocol"
)

func (s *session) discover(ctx context.Context, service string) error {
	return s.timed(ctx, func(ctx context.Context) error {
		d, err := s.c.Discover(ctx)
		if client.CodeOf(err) == "not_found" {
			return fmt.Errorf("the server does not tell its services: Config.Discover is off")
		} else if err != nil {
			return err
		}
		s.described = d
		var lines []string
		for _, info := range d.Services {
			if service == "" || service == info.Name {
				lines = append(lines, describe(info)...)
			}
		}
		if len(lines) == 0 && service != "" {
			return fmt.Errorf("there is no service %q, or it is private", service)
		}
		s.out.say(append(lines, declarations(lines, d.Types)...)...)
		return nil
	})
}

// describe says what there is of a service, with types in TypeScript.
func describe(info protocol.ServiceInfo) (lines []string) {
	for _, m := range info.Methods {
		lines = append(lines, signature("call", info.Name, m))
	}
	for _, t := range info.Topics {
		lines = append(lines, fmt.Sprintf("subscribe %s/KEY: %s", t.Name, t.Type))
	}
	for _, t := range info.States {
		lines = append(lines, fmt.Sprintf("watch %s/KEY: %s", t.Name, t.Type))
	}
	for _, m := range info.Client {
		word := "tells"
		if m.Answers {
			word = "asks"
		}
		lines = append(lines, signature(word, info.Name, m))
	}
	return lines
}

func signature(word, service string, m protocol.MethodInfo) string {
	line := fmt.Sprintf("%s %s.%s(%s)", word, service, m.Name, m.In)
	if m.Out != "" {
		line += ": " + m.Out
	}
	if m.Volatile {
		line += ", may be volatile"
	}
	return line
}

var identifier = regexp.MustCompile(`[\pL_$][\pL\pN_$]*`)

// declarations returns those of the types that lines name, and that these name in turn.
func declarations(lines []string, types []protocol.TypeInfo) (declared []string) {
	done := map[string]bool{}
	for todo := lines; len(todo) > 0; {
		names := identifier.FindAllString(strings.Join(todo, " "), -1)
		todo = nil
		for _, t := range types {
			if !done[t.Name] && slices.Contains(names, t.Name) {
				done[t.Name] = true
				todo = append(todo, strings.Split("type "+t.Name+" = "+t.Type, "\n")...)
			}
		}
		declared = append(declared, todo...)
	}
	return declared
}

func (s *session) services() (names []string) {
	for _, info := range s.described.Services {
		names = append(names, info.Name)
	}
	return names
}

// methods returns what can be called, as far as discovery told.
func (s *session) methods() []string {
	return s.methodsWhere(func(protocol.MethodInfo) bool { return true })
}

func (s *session) volatileMethods() []string {
	return s.methodsWhere(func(m protocol.MethodInfo) bool { return m.Volatile })
}

func (s *session) methodsWhere(ok func(protocol.MethodInfo) bool) (names []string) {
	for _, info := range s.described.Services {
		for _, m := range info.Methods {
			if ok(m) {
				names = append(names, info.Name+"."+m.Name)
			}
		}
	}
	return names
}

func (s *session) someTopics() []string {
	return s.streams(func(info protocol.ServiceInfo) []protocol.StreamInfo { return info.Topics })
}

func (s *session) someStates() []string {
	return s.streams(func(info protocol.ServiceInfo) []protocol.StreamInfo { return info.States })
}

// streams returns the topics that were seen, and how the names of those begin that there are.
func (s *session) streams(of func(protocol.ServiceInfo) []protocol.StreamInfo) (names []string) {
	for name := range s.seen {
		names = append(names, name)
	}
	for _, info := range s.described.Services {
		for _, t := range of(info) {
			names = append(names, t.Name+"/")
		}
	}
	slices.Sort(names)
	return names
}

func (s *session) subscribed() (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.topics {
		names = append(names, name)
	}
	return names
}
