package session

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strconv"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// Message is a message of the protocol's, up or down.
type Message struct {
	Binary bool
	Data   []byte
}

// What an entry of a session's stream begins with.
const (
	text   = 't' // a message
	binary = 'b' // a message
	noop   = 'n' // the receiver is to end with nothing to say
	closed = 'c' // "<code>,<why>": the session ends here, after what stands before
	hello  = 'h' // a hello for the switchboard, sealed
)

func (m Message) entry() []byte {
	kind := byte(text)
	if m.Binary {
		kind = binary
	}
	return append([]byte{kind}, m.Data...)
}

func (g Gone) entry() []byte {
	b := strconv.AppendInt([]byte{closed}, int64(g.Code), 10)
	return append(append(b, ','), g.Why...)
}

func parseGone(data []byte) *Gone {
	code, why, _ := bytes.Cut(data, []byte{','})
	n, _ := strconv.Atoi(string(code))
	return &Gone{Code: n, Why: string(why)}
}

func appends(id string, data [][]byte) (effects []store.Effect) {
	for _, d := range data {
		effects = append(effects, store.Append{Socket: id, Data: d})
	}
	return effects
}

// GuestMark begins the ids of all sessions. No id of a switchboard's own begins so, where the two share a store.
const GuestMark = "~"

// ID returns a session's id, which may be told to others. Its sid speaks for the client; the store never has it.
func (s *Sessions) ID(sid string) string { return GuestMark + s.digest("session", sid)[:22] }

func (s *Sessions) secret(sid string) string { return s.digest("secret", sid) }

func (s *Sessions) digest(of, sid string) string {
	sum := s.sum(of, sid)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (s *Sessions) sum(of, sid string) [sha256.Size]byte {
	return sha256.Sum256([]byte("sojourn " + of + "\x00" + s.cfg.Name + "\x00" + sid))
}

// seal makes an entry of a hello: the client's key is in it, and is for the session's receiver alone, not for who reads the store.
func (s *Sessions) seal(sid string, line []byte) []byte {
	box := s.box(sid)
	nonce := make([]byte, box.NonceSize())
	_, _ = rand.Read(nonce) // does not fail
	return box.Seal(append([]byte{hello}, nonce...), nonce, line, nil)
}

// unseal returns nil for what was not sealed for this session.
func (s *Sessions) unseal(sid string, data []byte) []byte {
	box := s.box(sid)
	if len(data) < box.NonceSize() {
		return nil
	}
	line, err := box.Open(nil, data[:box.NonceSize()], data[box.NonceSize():], nil)
	if err != nil {
		return nil
	}
	return line
}

func (s *Sessions) box(sid string) cipher.AEAD {
	key := s.sum("seal", sid)
	block, _ := aes.NewCipher(key[:]) // fails for keys of other lengths
	box, _ := cipher.NewGCM(block)    // fails for ciphers of other sizes
	return box
}

// expired tells whether a socket has ended because its deadline passed.
func expired(sock store.Socket) bool {
	return sock.Code == int(protocol.CodeGone) && sock.Why == "expired"
}
