package dialect

import (
	"bytes"
	"fmt"
	"strconv"
)

// head is what matters of a response's head.
type head struct {
	size    int // of the head itself, with its empty line; 0: it is not whole
	body    int // Content-Length; -1: chunked
	success bool
}

var (
	contentLength = []byte("\r\ncontent-length: ")
	chunkedBody   = []byte("\r\ntransfer-encoding: chunked\r\n")
)

// readHead reads the head of a response.
func readHead(in []byte) (head, error) {
	end := bytes.Index(in, []byte("\r\n\r\n"))
	if end < 0 {
		return head{}, nil
	}
	h := head{size: end + 4, success: bytes.HasPrefix(in, []byte("HTTP/1.1 2"))}
	text := in[:end+2]
	if at := indexFold(text, contentLength); at >= 0 {
		for _, c := range text[at+len(contentLength):] {
			if c < '0' || c > '9' {
				break
			}
			h.body = 10*h.body + int(c-'0')
		}
	} else if indexFold(text, chunkedBody) >= 0 {
		h.body = -1
	} else if !bytes.HasPrefix(in, []byte("HTTP/1.1 204 ")) {
		return h, fmt.Errorf("dialect: a response without length: %q", text)
	}
	return h, nil
}

// indexFold is bytes.Index for a text in lower case, found in any.
func indexFold(in, lower []byte) int {
	for at := 0; at+len(lower) <= len(in); {
		next := bytes.IndexByte(in[at:], lower[0])
		if next < 0 || at+next+len(lower) > len(in) {
			return -1
		}
		if at += next; bytes.EqualFold(in[at:at+len(lower)], lower) {
			return at
		}
		at++
	}
	return -1
}

// Response takes a whole response from what came: 0 bytes if it is not whole. One that is no success is an error.
func Response(in []byte) (body []byte, taken int, err error) {
	h, err := readHead(in)
	if err != nil || h.size == 0 {
		return nil, 0, err
	}
	if h.body < 0 {
		if body, taken, err = wholeChunks(in[h.size:]); taken == 0 {
			return nil, 0, err
		}
		taken += h.size
	} else {
		if taken = h.size + h.body; len(in) < taken {
			return nil, 0, nil
		}
		body = in[h.size:taken]
	}
	if !h.success {
		return nil, taken, fmt.Errorf("dialect: answered %q %q", firstLine(in), body)
	}
	return body, taken, nil
}

// wholeChunks takes a chunked body to its end, without trailers: 0 bytes if it is not whole.
func wholeChunks(in []byte) (body []byte, taken int, err error) {
	for {
		line, _, ok := bytes.Cut(in[taken:], []byte("\r\n"))
		if !ok {
			return nil, 0, nil
		}
		size, err := strconv.ParseUint(string(line), 16, 31)
		if err != nil {
			return nil, 0, fmt.Errorf("dialect: a chunk of %q bytes", line)
		}
		from := taken + len(line) + 2
		if taken = from + int(size) + 2; len(in) < taken {
			return nil, 0, nil
		}
		if body = append(body, in[from:from+int(size)]...); size == 0 {
			return body, taken, nil
		}
	}
}

// AppendPost appends a POST.
func AppendPost(b []byte, host, path string, body []byte) []byte {
	b = append(append(append(append(b, "POST "...), path...), " HTTP/1.1\r\nHost: "...), host...)
	b = strconv.AppendInt(append(b, "\r\nContent-Type: text/plain\r\nContent-Length: "...), int64(len(body)), 10)
	return append(append(b, "\r\n\r\n"...), body...)
}

// appendGet appends a GET of a path with what ends it.
func appendGet(b []byte, host, path string, end []byte) []byte {
	b = append(append(append(b, "GET "...), path...), end...)
	return append(append(append(b, " HTTP/1.1\r\nHost: "...), host...), "\r\n\r\n"...)
}

// chunks takes a chunked body apart.
type chunks struct {
	left int // bytes of the chunk that have not come, with the line break behind it
}

// read appends to text what a body's next bytes hold, and returns how many it took.
func (c *chunks) read(in, text []byte) (taken int, _ []byte, err error) {
	for taken < len(in) {
		if c.left == 0 {
			end := bytes.Index(in[taken:], []byte("\r\n"))
			if end < 0 {
				break
			}
			size, err := strconv.ParseUint(string(in[taken:taken+end]), 16, 31)
			if err != nil || size == 0 {
				return taken, text, fmt.Errorf("dialect: the stream ends (%q)", in[taken:taken+end])
			}
			taken += end + 2
			c.left = int(size) + 2
		}
		part := in[taken:min(len(in), taken+c.left)]
		taken += len(part)
		if of := c.left - 2; of > 0 {
			text = append(text, part[:min(of, len(part))]...)
		}
		c.left -= len(part)
	}
	return taken, text, nil
}
