package store

import (
	"crypto/sha1"
	"encoding/hex"
)

// TagAfter returns the tag of the place after an entry: of the tag of the place before it, and the Attempt of the turn that wrote
// it. See [Cursor]. Whoever committed a turn can tell by it whether what they know of a stream is what the store had.
func TagAfter(tag, attempt string) string {
	var both [64]byte
	sum := sha1.Sum(append(append(both[:0], tag...), attempt...))
	var text [6]byte
	hex.Encode(text[:], sum[:3])
	return string(text[:5])
}
