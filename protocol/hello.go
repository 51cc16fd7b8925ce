package protocol

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// HelloUp is the client's hello: the first frame of each of its connections.
type HelloUp struct {
	Version int               `json:"v"`                // of the protocol: Version
	Key     string            `json:"key"`              // the credential: 128 random bits, base64url
	Attach  uint64            `json:"c"`                // numbers the client's connections; a poll is one
	Cursor  *Cursor           `json:"cur,omitempty"`    // in the own stream; nil: the client has had no hello yet
	In      uint64            `json:"in,omitempty"`     // last message known to have taken effect
	Topics  map[string]Cursor `json:"topics,omitempty"` // cursors of the subscriptions, as many as there is room for
	Tries   int               `json:"tries,omitempty"`  // of the first unacknowledged message
	Now     bool              `json:"now,omitempty"`    // a poll is answered at once
	Auth    string            `json:"auth,omitempty"`   // for the program's Identify
	Build   string            `json:"build,omitempty"`  // the page's build
}

// MaxBuild is how many bytes a hello's Build may have.
const MaxBuild = 64

// HelloDown is the instance's hello: the first frame of each connection that it accepts.
type HelloDown struct {
	ID        string `json:"id"`  // the socket's
	In        uint64 `json:"in"`  // messages up to In took effect ...
	At        uint64 `json:"at"`  // ... and their answers are at or before this offset
	Heartbeat int    `json:"hb"`  // seconds; 0: none is promised (a poll)
	TTL       int    `json:"ttl"` // seconds after which a socket that stays away ends
}

// ParseHello parses and checks the client's hello frame. An unknown version is a [*Close] with [CodeVersion].
func ParseHello(line []byte) (HelloUp, error) {
	var h HelloUp
	f, err := ParseFrame(line)
	if err != nil {
		return h, err
	}
	if f.Kind != Hello {
		return h, malformed("kind %q where a hello is expected", byte(f.Kind))
	}
	if err := json.Unmarshal(f.Header, &h); err != nil {
		return h, malformed("hello: not the JSON that is expected")
	}
	switch {
	case h.Version != Version:
		return h, &Close{Code: CodeVersion, Why: "unknown protocol version"}
	case !validKey(h.Key):
		return h, malformed("hello: key")
	case h.Attach == 0 || h.Attach > 1<<53-1 || h.In > 1<<53-1 || h.Tries < 0:
		return h, malformed("hello: number")
	case len(h.Build) > MaxBuild || len(h.Auth) > maxAuth:
		return h, malformed("hello: field too long")
	}
	return h, nil
}

// Append appends the hello as a frame.
func (h HelloUp) Append(b []byte) []byte { return appendJSON(append(b, byte(Hello)), h) }

// Append appends the hello as a frame. It is the first frame of every poll's response: written by hand it costs a tenth.
func (h HelloDown) Append(b []byte) []byte {
	b = append(append(b, byte(Welcome)), `{"id":`...)
	if strings.ContainsFunc(h.ID, escaped) {
		b = appendJSON(b, h.ID)
	} else { // as every instance has it
		b = append(append(append(b, '"'), h.ID...), '"')
	}
	b = AppendNumber(append(b, `,"in":`...), h.In)
	b = AppendNumber(append(b, `,"at":`...), h.At)
	b = strconv.AppendInt(append(b, `,"hb":`...), int64(h.Heartbeat), 10)
	b = strconv.AppendInt(append(b, `,"ttl":`...), int64(h.TTL), 10)
	return append(b, '}')
}

// escaped tells whether JSON may have to write a rune in another way.
func escaped(c rune) bool { return c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf }

// ParseWelcome parses an instance's hello frame.
func ParseWelcome(line []byte) (HelloDown, error) {
	var h HelloDown
	if len(line) == 0 || Kind(line[0]) != Welcome || json.Unmarshal(line[1:], &h) != nil {
		return h, malformed("hello")
	}
	return h, nil
}

func appendJSON(b []byte, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic("protocol: " + err.Error()) // the hellos hold only what JSON can say
	}
	return append(b, text...)
}

func validKey(key string) bool {
	for _, c := range []byte(key) { // base64's decoder passes over line breaks
		if c <= ' ' {
			return false
		}
	}
	raw, err := base64.RawURLEncoding.DecodeString(key)
	return err == nil && len(raw) >= 16 && len(key) <= 64
}

// Credential is what a store keeps of a key, and what a client is asked to know.
type Credential struct {
	Socket string // the socket's id: public
	Secret string // a second digest of the key, kept in the store; the key itself never is
}

// CredentialOf derives a socket's id and the store's secret from the client's key.
func CredentialOf(key string) Credential {
	id := sha256.Sum256([]byte(key))
	secret := sha256.Sum256([]byte("sojourn secret " + key))
	return Credential{Socket: prefix(id, 16), Secret: prefix(secret, 22)}
}

// prefix returns the beginning of a digest's text, and nothing else that would be kept with it.
func prefix(sum [sha256.Size]byte, n int) string {
	var text [44]byte
	base64.RawURLEncoding.Encode(text[:], sum[:])
	return string(text[:n])
}

// HelloPost is the first frame of a POST of messages: who sends them.
type HelloPost struct {
	Key   string // as of HelloUp
	Ack   Cursor // the client has its own stream up to here; zero: it says nothing
	Tries int    // of the first message
	Auth  string // as of HelloUp
}

// ParseHelloPost parses and checks a K frame.
func ParseHelloPost(line []byte) (HelloPost, error) {
	f, err := ParseFrame(line)
	if err != nil {
		return HelloPost{}, err
	}
	h := HelloPost{Key: string(f.Field(0))}
	if f.Kind != Credentials || !validKey(h.Key) {
		return HelloPost{}, malformed("credentials")
	}
	if h.Ack, err = f.Cursor(1); err != nil {
		return HelloPost{}, err
	}
	if t := f.Field(2); len(t) > 0 {
		n, err := parseNumber(t)
		if err != nil {
			return HelloPost{}, err
		}
		h.Tries = int(min(n, 1000))
	}
	h.Auth, err = ParseAuth(f)
	return h, err
}

// Append appends the K frame.
func (h HelloPost) Append(b []byte) []byte {
	b = append(append(b, byte(Credentials)), h.Key...)
	b = append(b, ',')
	if !h.Ack.IsZero() {
		b = h.Ack.Append(b)
	}
	b = AppendNumber(append(b, ','), uint64(h.Tries))
	if h.Auth == "" {
		return b
	}
	return appendJSON(append(b, '|'), h.Auth)
}

const maxAuth = 8 << 10

// ParseAuth returns what a K or T frame says for the program's Identify: a string, empty if there is no payload.
func ParseAuth(f Frame) (string, error) {
	if len(f.Payload) == 0 {
		return "", nil
	}
	text, err := f.Payload.JSON()
	if err != nil {
		return "", err
	}
	var auth string
	if json.Unmarshal(text, &auth) != nil || len(auth) > maxAuth {
		return "", malformed("auth")
	}
	return auth, nil
}

// AppendAuth appends the T frame.
func AppendAuth(b []byte, auth string) []byte { return appendJSON(append(b, byte(Auth), '|'), auth) }
