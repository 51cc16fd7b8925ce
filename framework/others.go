package framework

import (
	"bytes"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/store"
)

// An entry of a topic that is for all subscribers but one begins with a comma and that one's socket, and then comes its payload, which begins with
// neither. To an instance that knows nothing of it that is one more header field of the frame: clients ignore it, and the entry is everybody's.

// dataExcept is the data of an entry that is not for a socket; "": it is for all.
func dataExcept(socket string, p protocol.Payload) []byte {
	if socket == "" {
		return p
	}
	return join(",", socket, p)
}

// exceptOf reads an entry's data: which socket it is not for, and its payload.
func exceptOf(data []byte) (socket string, p protocol.Payload) {
	if len(data) == 0 || data[0] != ',' {
		return "", data
	}
	end := bytes.IndexAny(data, "|*")
	if end < 0 {
		end = len(data)
	}
	return string(data[1:end]), data[end:]
}

// entryFrame is an entry of the topic known as id, as its subscribers get it.
func entryFrame(id string, at store.Cursor, p protocol.Payload) []byte {
	b := make([]byte, 0, 24+len(p))
	b = append(append(b, byte(protocol.Entry)), id...)
	return append(at.Append(append(b, ',')), p...)
}

// skipFrame is what the one subscriber gets that an entry is not for: his cursor goes on as theirs.
func skipFrame(id string, at store.Cursor) []byte {
	return at.Append(join(string(rune(protocol.Skip)), id, ","))
}
