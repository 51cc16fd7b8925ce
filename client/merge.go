package client

import (
	"bytes"
	"encoding/json"
)

// mergePatch applies a JSON merge patch (RFC 7396, section 2). Members come out sorted; numbers as they are written.
func mergePatch(target, patch json.RawMessage) (json.RawMessage, error) {
	changes, err := parseJSON(patch)
	if err != nil {
		return nil, err
	}
	if _, ok := changes.(map[string]any); !ok {
		return bytes.Clone(patch), nil
	}
	value, err := parseJSON(target)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err = e.Encode(merge(value, changes))
	return bytes.TrimSpace(b.Bytes()), err
}

func merge(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	members, ok := target.(map[string]any)
	if !ok {
		members = map[string]any{}
	}
	for name, change := range changes {
		if change == nil {
			delete(members, name)
		} else {
			members[name] = merge(members[name], change)
		}
	}
	return members
}

// parseJSON reads a value once: a patch may be nested as deep as the parser allows.
func parseJSON(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}
