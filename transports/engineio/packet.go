package engineio

import (
	"bytes"
	"encoding/base64"
	"errors"
)

// What a packet begins with.
const (
	packetOpen    = '0'
	packetClose   = '1'
	packetPing    = '2'
	packetPong    = '3'
	packetMessage = '4'
	packetUpgrade = '5'
	packetNoop    = '6'
	packetBinary  = 'b' // a binary message, in base64: over a websocket it is a frame of its own
)

// separator stands between the packets of a payload.
const separator = 0x1e

// packet is what a client has said: a message, or the protocol's own.
type packet struct {
	kind byte
	data []byte
}

var errPacket = errors.New("engineio: no packet of this protocol")

// parsePacket takes a packet of text apart. Its data is a part of the text, or decoded from it.
func parsePacket(text []byte) (packet, error) {
	if len(text) == 0 {
		return packet{}, errPacket
	}
	kind, data := text[0], text[1:]
	switch {
	case kind == packetBinary:
		decoded := make([]byte, base64.StdEncoding.DecodedLen(len(data)))
		n, err := base64.StdEncoding.Decode(decoded, data)
		if err != nil {
			return packet{}, errPacket
		}
		return packet{kind, decoded[:n]}, nil
	case kind < packetOpen, kind > packetNoop:
		return packet{}, errPacket
	}
	return packet{kind, data}, nil
}

// message returns the message that a packet is.
func (p packet) message() (m Message, ok bool) {
	switch p.kind {
	case packetMessage, packetBinary:
		return Message{Binary: p.kind == packetBinary, Data: p.data}, true
	}
	return Message{}, false
}

// appendPacket appends a message as text.
func appendPacket(b []byte, m Message) []byte {
	if m.Binary {
		return base64.StdEncoding.AppendEncode(append(b, packetBinary), m.Data)
	}
	return append(append(b, packetMessage), m.Data...)
}

// payload is what a poll brings: packets with separators between them.
type payload []byte

func (p payload) add(kind byte) payload {
	return append(p.separated(), kind)
}

func (p payload) addMessage(m Message) payload {
	return appendPacket(p.separated(), m)
}

func (p payload) separated() payload {
	if len(p) > 0 {
		p = append(p, separator)
	}
	return p
}

// parsePayload takes a payload apart, and gives each packet to visit, until that returns an error, which is returned.
func parsePayload(text []byte, visit func(packet) error) error {
	for {
		part, rest, more := bytes.Cut(text, []byte{separator})
		p, err := parsePacket(part)
		if err == nil {
			err = visit(p)
		}
		if err != nil || !more {
			return err
		}
		text = rest
	}
}
