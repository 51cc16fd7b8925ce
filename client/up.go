package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/sojourn-go/sojourn/protocol"
)

// carryUp brings messages up by requests, one at a time, until the session ends.
func (s *session) carryUp() error {
	for {
		text, err := s.next(s.c.conv.takeUp)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeoutCause(s.ctx, upSilence, errSilent)
		body, err := s.c.post(ctx, "/up", text)
		cancel()
		if err == nil {
			err = s.receiveReply(protocol.Lines(body))
		}
		if err != nil {
			return err
		}
	}
}

// takeUp takes the body of a request with messages.
func (v *conversation) takeUp(ackNow bool) []byte {
	if !v.hasOutgoing() && !v.ackDue() && !v.unsaidAuth && !(ackNow && v.unsaid > 0) {
		return nil
	}
	v.unsaidAuth = false
	tries := 0
	if len(v.queue) > 0 {
		tries = v.queue[0].tries
	}
	b := append(protocol.HelloPost{Key: v.key, Ack: v.own, Tries: tries, Auth: v.auth}.Append(nil), '\n')
	v.said()
	v.progress = false
	return v.take(b, upLines, upBytes-len(b))
}

// replied takes the end of the response to takeUp's request: what it did not say to have taken effect goes into the next one.
func (v *conversation) replied() error {
	if v.sent > 0 && !v.progress {
		return errors.New("client: the instance answered a request with messages without saying what became of them")
	}
	v.sent, v.progress = 0, false
	for n, m := range v.asked {
		delete(v.asked, n)
		m.settle(nil, &Error{Code: "unavailable", Message: "no answer"})
	}
	return nil
}

// errTooLong is the error of an instance that says more at once than a client takes.
var errTooLong = errors.New("client: more than is taken at once")

// post makes a request of the transports over HTTP and reads its response.
func (c *Client) post(ctx context.Context, path string, body []byte) ([]byte, error) {
	resp, err := c.request(ctx, path, body)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if len(text) > maxBody {
		err = errTooLong // what fits may end with half a frame
	}
	if err != nil {
		return nil, fmt.Errorf("client: %s: %w", path, err)
	}
	return text, nil
}

// request makes a request of the transports over HTTP. A response that is not 200 is an error.
func (c *Client) request(ctx context.Context, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	maps.Copy(req.Header, c.options.Header)
	req.Header.Set("Content-Type", "text/plain")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	return nil, refusedHTTP(resp, text)
}

// retryError asks for more patience than the client has by itself.
type retryError struct {
	after time.Duration
	error
}

func (e *retryError) Unwrap() error { return e.error }

// maxRetryAfter is how long an instance is believed that wants to be left in peace.
const maxRetryAfter = time.Hour

func refusedHTTP(resp *http.Response, body []byte) error {
	err := refused(resp.StatusCode, body)
	after := resp.Header.Get("Retry-After")
	var wait time.Duration
	if seconds, e := strconv.ParseUint(after, 10, 32); e == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, e := http.ParseTime(after); e == nil {
		wait = time.Until(at)
	}
	if wait > 0 {
		return &retryError{min(wait, maxRetryAfter), err}
	}
	return err
}
