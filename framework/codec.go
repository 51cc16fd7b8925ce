package framework

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/sojourn-go/sojourn/framework/internal/rawjson"
	"github.com/sojourn-go/sojourn/protocol"
)

// Codec writes and reads the payloads of a service, where JSON is not what they shall be: they travel as raw bytes then. The page's half has the
// other end, as its export codec. Topics and states are JSON whatever the codec; no payload is the zero value, and a nil answer no payload,
// without the codec being asked.
//
// Its methods may be called at once from any number of goroutines. What Marshal returned is not changed.
type Codec interface {
	// Marshal writes a value.
	Marshal(v any) ([]byte, error)
	// Unmarshal reads data into v, which is a pointer. It may not keep data.
	Unmarshal(data []byte, v any) error
}

// codecOf returns the codec of a method's service; nil for JSON.
func (r *registry) codecOf(method string) Codec {
	service, _, _ := strings.Cut(method, ".")
	return r.codecs[service]
}

// decode reads a payload as a T: by the codec if there is one; else raw bytes for []byte, JSON for everything else. No payload is JSON's null.
func decode[T any](c Codec, p protocol.Payload) (v T, err error) {
	return v, decodeTo(c, p, &v)
}

// decodeTo is decode into what v points to.
func decodeTo(c Codec, p protocol.Payload, v any) error {
	raw, bytes := v.(*[]byte)
	switch {
	case c != nil && len(p) == 0:
		return nil
	case c != nil:
		data, err := p.Bytes()
		if err != nil {
			return err
		}
		return c.Unmarshal(data, v)
	case bytes && p.IsBytes():
		data, err := p.Bytes()
		*raw = data
		return err
	}
	text, err := p.JSON()
	if err != nil {
		return err
	}
	if raw, ok := v.(*json.RawMessage); ok && rawjson.Plain(text) {
		*raw = slices.Clone(text)
		return nil
	}
	return json.Unmarshal(text, v)
}

// encode is the reverse of decode. A nil value is no payload.
func encode(c Codec, v any) (protocol.Payload, error) {
	if p, ok := v.(protocol.Payload); ok {
		return p, nil
	}
	return encodeAfter(nil, c, v)
}

// encodeAfter returns what comes before a payload, and the payload.
func encodeAfter(before []byte, c Codec, v any) ([]byte, error) {
	form, text, err := "", []byte(nil), error(nil)
	switch p := v.(type) {
	case nil:
	case protocol.Payload:
		text = p
	default:
		form, text, err = written(c, v)
	}
	if err != nil {
		return nil, err
	}
	return join(before, form, text), nil
}

// written returns a payload in two parts: JSON has its form before it.
func written(c Codec, v any) (form string, text []byte, err error) {
	if c != nil {
		data, err := c.Marshal(v)
		return "", protocol.BytesPayload(data), err
	}
	switch p := v.(type) {
	case []byte:
		return "", protocol.BytesPayload(p), nil
	case json.RawMessage:
		if rawjson.Plain(p) {
			return "|", p, nil
		}
	}
	text, err = json.Marshal(v)
	return "|", text, err
}
