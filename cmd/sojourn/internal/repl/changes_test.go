package repl

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestChangesSayWhatIsDifferent(t *testing.T) {
	for _, test := range []struct{ last, value, want string }{
		{`null`, `{}`, `{} (was null)`},
		{`1`, `2`, `2 (was 1)`},
		{`{}`, `{"a":1}`, `a: 1 (new)`},
		{`{"a":1}`, `{}`, `a: gone (was 1)`},
		{`{"a":{"b":"<x>","c":2}}`, `{"a":{"b":"<y>","c":2}}`, `a.b: "<y>" (was "<x>")`},
		{`{"a":{"b":1}}`, `{}`, `a: gone`},
		{`{"a":{"b":1}}`, `{"a":7}`, `a: 7`},
		{`{"a":[1]}`, `{"a":[1,2]}`, `a: [1,2]`},
		{`{"a":12345678901234567890}`, `{"a":12345678901234567891}`, `a: 12345678901234567891 (was 12345678901234567890)`},
		{`{"a.b":1,"größe":1}`, `{"a.b":2,"größe":2}`, `"a.b": 2 (was 1)|größe: 2 (was 1)`},
		{`{"b":1,"c":1}`, `{"a":1,"b":2}`, `a: 1 (new)|b: 2 (was 1)|c: gone (was 1)`},
		{`{"a":null}`, `{"a":null}`, `(nothing changed)`},
	} {
		if got := strings.Join(changes(json.RawMessage(test.last), json.RawMessage(test.value)), "|"); got != test.want {
			t.Errorf("from %s to %s: %s, want %s", test.last, test.value, got, test.want)
		}
	}
}
