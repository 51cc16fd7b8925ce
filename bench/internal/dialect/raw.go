package dialect

// raw is a payload for a message, and nothing around it. What a connection is for the path says: servers echo at /echo and publish at /news, or at /news/<topic>.
type raw struct{ Setting }

func (r raw) path() string {
	switch {
	case !r.Follow:
		return "/echo"
	case r.Topic != "":
		return "/news/" + r.Topic
	}
	return "/news"
}

func (raw) upgraded(_ *webSocket, _ *[]byte, h Hearer) { h.Opened() }

func (raw) call(b, payload []byte) []byte { return append(b, payload...) }

func (raw) hear(message []byte, _ *webSocket, _ *[]byte, h Hearer) error {
	h.Came(message)
	return nil
}
