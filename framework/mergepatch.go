package framework

import (
	"bytes"
	"encoding/json"
	"reflect"
)

// mergePatch returns the JSON merge patch (RFC 7396) that makes old new. Nil old is null. Members that are null in new count as absent:
// a merge patch cannot say otherwise.
func mergePatch(old, new []byte) ([]byte, error) {
	a, err := parseJSON(old)
	if err != nil {
		return nil, err
	}
	b, err := parseJSON(new)
	if err != nil {
		return nil, err
	}
	patch, _, err := diff(a, b, 0)
	if err != nil {
		return nil, err
	}
	return json.Marshal(patch)
}

func parseJSON(text []byte) (v any, err error) {
	if text == nil {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // a number is passed on as it was written
	return v, d.Decode(&v)
}

// maxDepth is how deep a state may be nested: clients merge patches by recursion.
const maxDepth = 500

// diff returns the patch that makes old new, and whether they are the same. It looks at each value once.
func diff(old, new any, depth int) (patch any, same bool, err error) {
	if depth > maxDepth {
		return nil, false, Errorf(CodeInvalid, "a state that is nested more than %d deep", maxDepth)
	}
	to, ok := new.(map[string]any)
	if !ok {
		return new, reflect.DeepEqual(old, new), nil
	}
	from, ok := old.(map[string]any) // a patch that is an object makes an object of what is none (section 2)
	members := map[string]any{}
	for name, v := range to {
		was, had := from[name]
		p, same, err := diff(was, v, depth+1)
		if err != nil {
			return nil, false, err
		}
		if v != nil && (!had || !same) {
			members[name] = p
		}
	}
	for name := range from {
		if to[name] == nil {
			members[name] = nil
		}
	}
	return members, ok && len(members) == 0, nil
}
