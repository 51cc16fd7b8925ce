package client

import (
	"bytes"
	"encoding/json"
)

// mergePatch applies a JSON merge patch (RFC 7396, section 2). Members come out sorted.
func mergePatch(target, patch json.RawMessage) json.RawMessage {
	changes := object(patch)
	if changes == nil {
		return append(json.RawMessage(nil), patch...)
	}
	members := object(target)
	if members == nil {
		members = map[string]json.RawMessage{}
	}
	for name, change := range changes {
		if string(bytes.TrimSpace(change)) == "null" {
			delete(members, name)
		} else {
			members[name] = mergePatch(members[name], change)
		}
	}
	text, err := json.Marshal(members)
	if err != nil {
		return target // not reached: all parts were parsed
	}
	return text
}

// object returns the members of a JSON object; nil if text is something else.
func object(text json.RawMessage) map[string]json.RawMessage {
	text = bytes.TrimSpace(text)
	if len(text) == 0 || text[0] != '{' {
		return nil
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil {
		return nil
	}
	return members
}
