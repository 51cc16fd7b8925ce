package framework_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// applyPatch is RFC 7396, section 2.
func applyPatch(target, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	merged := map[string]any{}
	if of, ok := target.(map[string]any); ok {
		maps.Copy(merged, of)
	}
	for name, value := range p {
		if value == nil {
			delete(merged, name)
		} else {
			merged[name] = applyPatch(merged[name], value)
		}
	}
	return merged
}

// nextValue makes a JSON value of what it takes from the recipe: of few names and values, so that they meet.
func nextValue(recipe *[]byte, depth int) any {
	if len(*recipe) == 0 {
		return nil
	}
	b := (*recipe)[0]
	*recipe = (*recipe)[1:]
	switch {
	case b < 60:
		return nil
	case b < 110:
		return float64(b % 2)
	case b < 120:
		return []any{nextValue(recipe, depth+1)}
	case depth > 3:
		return "deep"
	}
	object := map[string]any{}
	for range b % 4 {
		name := string(rune('a' + len(*recipe)%3))
		object[name] = nextValue(recipe, depth+1)
	}
	return object
}

// nextStates makes a state and patches of a recipe, and what the state is after each: the nth entry makes states[n] of states[n-1].
func nextStates(t *testing.T, recipe []byte) (states []any, entries []store.Entry) {
	t.Helper()
	states = []any{applyPatch(nil, nextValue(&recipe, 0))}
	for len(recipe) > 0 {
		patch := nextValue(&recipe, 0)
		text, err := json.Marshal(patch)
		if err != nil {
			t.Fatal(err)
		}
		at := store.Cursor{Offset: uint64(len(states)), Tag: "t"}
		entries = append(entries, store.Entry{Cursor: at, Data: protocol.JSONPayload(text)})
		states = append(states, applyPatch(states[len(states)-1], patch))
	}
	return states, entries
}

// nextRecipe is a random one.
func nextRecipe(random *rand.Rand) []byte {
	recipe := make([]byte, random.IntN(60))
	for i := range recipe {
		recipe[i] = byte(random.Uint32())
	}
	return recipe
}

// checkComposed composes the patches that are made of a recipe. Applied to the value that was there before, or that some of them made, the
// composed ones make what all of them make.
func checkComposed(t *testing.T, recipe []byte) {
	states, entries := nextStates(t, recipe)
	composed := framework.Compose(entries)
	for begin, state := range states {
		for _, e := range composed {
			if e.Offset <= uint64(begin) {
				continue
			}
			var patch any
			if err := json.Unmarshal(e.Data[1:], &patch); err != nil {
				t.Fatal(err)
			}
			if state = applyPatch(state, patch); begin == 0 && !reflect.DeepEqual(state, states[e.Offset]) {
				t.Errorf("%s, composed as %s, make %v up to %d, want %v", entries, composed, state, e.Offset, states[e.Offset])
			}
		}
		if want := states[len(states)-1]; !reflect.DeepEqual(state, want) {
			t.Errorf("%s, composed as %s, make %v of the state at %d, want %v", entries, composed, state, begin, want)
		}
	}
}

// Composed patches make what they are composed of.
func TestComposedPatches(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 396))
	for range 20_000 {
		if checkComposed(t, nextRecipe(random)); t.Failed() {
			return
		}
	}
}

func FuzzComposedPatches(f *testing.F) {
	f.Add([]byte("a value, and then some patches"))
	f.Add([]byte("\xff\x80\xff\x01\xff\x30\xff\xff\x20\xff\xfe\x70\xfd\x00"))
	f.Fuzz(checkComposed)
}

// As few patches are left as can say it: a new one begins only where an object takes the place of something else.
func TestFewComposedPatches(t *testing.T) {
	toggled := []string{`{"ann":{"since":1}}`}
	for n := range 50 {
		toggled = append(toggled, `{"ann":null}`, fmt.Sprintf(`{"ann":{"since":%d}}`, n))
	}
	for name, row := range map[string]struct{ patches, want []string }{
		"none":               {nil, nil},
		"one, as it is":      {[]string{`{"b":1,"a":2}`}, []string{`{"b":1,"a":2}`}},
		"different members":  {[]string{`{"a":1}`, `{"b":{"c":2}}`, `{"d":null}`}, []string{`{"a":1,"b":{"c":2},"d":null}`}},
		"nested":             {[]string{`{"a":{"b":1,"c":1}}`, `{"a":{"c":null,"d":[2]}}`}, []string{`{"a":{"b":1,"c":null,"d":[2]}}`}},
		"removed":            {[]string{`{"a":{"b":1}}`, `{"a":null}`}, []string{`{"a":null}`}},
		"no object any more": {[]string{`{"a":1}`, `7`}, []string{`7`}},
		"an object again":    {[]string{`{"a":null,"b":1}`, `{"a":{"c":1}}`, `{"b":2}`}, []string{`{"a":null,"b":1}`, `{"a":{"c":1},"b":2}`}},
		"to and fro":         {toggled, []string{`{"ann":null}`, `{"ann":{"since":49}}`}},
		"as it was written":  {[]string{`{"a":1.0}`, `{"b":12345678901234567890}`}, []string{`{"a":1.0,"b":12345678901234567890}`}},
	} {
		t.Run(name, func(t *testing.T) {
			var entries []store.Entry
			for i, p := range row.patches {
				entries = append(entries, store.Entry{Cursor: store.Cursor{Offset: uint64(i + 1)}, Data: []byte("|" + p)})
			}
			var got []string
			composed := framework.Compose(entries)
			for _, e := range composed {
				got = append(got, string(e.Data[1:]))
			}
			if !reflect.DeepEqual(got, row.want) {
				t.Errorf("%s, want %s", got, row.want)
			}
			if n := len(composed); n > 0 && composed[n-1].Offset != uint64(len(row.patches)) {
				t.Errorf("they end at %d", composed[n-1].Offset)
			}
		})
	}
}
