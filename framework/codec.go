package framework

import (
	"encoding/json"

	"github.com/sojourn-go/sojourn/protocol"
)

// decode reads a payload as a T: raw bytes for []byte, JSON for everything else. No payload is JSON's null.
func decode[T any](p protocol.Payload) (v T, err error) {
	if raw, ok := any(&v).(*[]byte); ok && p.IsBytes() {
		*raw, err = p.Bytes()
		return v, err
	}
	text, err := p.JSON()
	if err != nil {
		return v, err
	}
	return v, json.Unmarshal(text, &v)
}

// encode is the reverse of decode. A nil value is no payload.
func encode(v any) (protocol.Payload, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case []byte:
		return protocol.BytesPayload(v), nil
	case protocol.Payload:
		return v, nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return protocol.JSONPayload(text), nil
}
