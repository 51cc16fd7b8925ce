package framework

import (
	"bytes"
	"encoding/json"
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
	return json.Marshal(diff(a, b))
}

func parseJSON(text []byte) (v any, err error) {
	if text == nil {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // a number is passed on as it was written
	return v, d.Decode(&v)
}

func diff(old, new any) any {
	to, ok := new.(map[string]any)
	if !ok {
		return new
	}
	from, _ := old.(map[string]any) // a patch that is an object makes an object of what is none (section 2)
	patch := map[string]any{}
	for name, v := range to {
		if was, ok := from[name]; v != nil && (!ok || !equalJSON(was, v)) {
			patch[name] = diff(was, v)
		}
	}
	for name := range from {
		if to[name] == nil {
			patch[name] = nil
		}
	}
	return patch
}

func equalJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
