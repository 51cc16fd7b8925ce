package repl

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sojourn-go/sojourn/protocol"
)

// listener is a session that knows some names, and nobody to talk with.
func listener() (*session, *bytes.Buffer) {
	var out bytes.Buffer
	s := newSession(Options{}, newPipe(strings.NewReader("")), &out)
	s.described = protocol.Description{Services: []protocol.ServiceInfo{
		{
			Name:    "chat",
			Methods: []protocol.MethodInfo{{Name: "say"}, {Name: "sing"}, {Name: "typing", Volatile: true}, {Name: "bad\x1b"}},
			Topics:  []protocol.StreamInfo{{Name: "mail"}, {Name: "room"}},
			States:  []protocol.StreamInfo{{Name: "people"}},
		},
		{Name: "shop", Methods: []protocol.MethodInfo{{Name: "order"}}},
	}}
	s.seen = map[string]bool{"room/größe": true, "room/grüße": true, "people/lobby": true}
	s.topics["room/lobby"] = nil
	s.questions[7] = nil
	return s, &out
}

func TestTabCompletes(t *testing.T) {
	for _, test := range []struct{ line, want, said string }{
		{"cha|", "chat.|", ""},
		{"chat.|", "chat.|", "chat.say  chat.sing  chat.typing\n"},
		{"chat.s|", "chat.s|", "chat.say  chat.sing\n"},
		{"chat.sa|", "chat.say |", ""},
		{"chat.sa|x", "chat.say |x", ""},
		{"  qu|", "  quit |", ""},
		{"call sh|", "call shop.order |", ""},
		{"call chat.say {|", "call chat.say {|", ""},
		{"call chat.say |", "call chat.say |", ""},
		{"volatile |", "volatile chat.typing |", ""},
		{"subscribe roo|", "subscribe room/|", ""},
		{"subscribe m|", "subscribe mail/|", ""},
		{"subscribe room/|", "subscribe room/|", "room/  room/größe  room/grüße\n"},
		{"subscribe room/g|", "subscribe room/gr|", ""}, // though the next letters begin with the same byte
		{"watch p|", "watch people/|", ""},
		{"watch people/l|", "watch people/lobby |", ""},
		{"unsubscribe |", "unsubscribe room/lobby |", ""},
		{"answer |", "answer 7 |", ""},
		{"use l|", "use longpoll |", ""},
		{"discover s|", "discover shop |", ""},
		{"nothing |", "nothing |", ""},
		{"quit x|", "quit x|", ""},
	} {
		s, out := listener()
		before, after, _ := strings.Cut(test.line, "|")
		line, pos, ok := s.tab(before+after, len(before), keyTab)
		if got := line[:pos] + "|" + line[pos:]; !ok || got != test.want || out.String() != test.said {
			t.Errorf("Tab at %q makes %q of it and says %q, want %q and %q", test.line, got, out.String(), test.want, test.said)
		}
	}
}

func TestOnlyTabCompletes(t *testing.T) {
	s, _ := listener()
	if _, _, ok := s.tab("cha", 3, 'x'); ok {
		t.Error("x completes")
	}
}

// What is pasted may be indented by tabs.
func TestTabInTheMiddleOfAPayload(t *testing.T) {
	s, out := listener()
	s.in.typed = []string{"chat.say {"}
	if line, pos, ok := s.tab("", 0, keyTab); !ok || line != "" || pos != 0 || out.Len() > 0 {
		t.Errorf("%q, %d, %v: %s", line, pos, ok, out)
	}
}

func TestDiscoverDeclaresTheTypesThatAreNamed(t *testing.T) {
	types := []protocol.TypeInfo{{Name: "Status", Type: "'open'"}, {Name: "Other", Type: "{}"}, {Name: "Item", Type: "{\n  s: Status\n}"}, {Name: "Order", Type: "Item[]"}}
	got := strings.Join(declarations([]string{"call shop.order(Order)"}, types), "|")
	if want := "type Order = Item[]|type Item = {|  s: Status|}|type Status = 'open'"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
