package client

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/r3labs/sse/v2"

	"github.com/sojourn-go/sojourn/protocol"
)

// carrySSE carries a session down an event stream.
func carrySSE(s *session) error {
	hello, attach := s.hello(false)
	resp, err := s.c.request(s.ctx, "/sse", hello)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	s.wg.Go(func() { s.cancel(s.carryUp()) })

	events := sse.NewEventStreamReader(&cutMarker{r: resp.Body}, maxLine)
	for {
		event, err := events.ReadEvent()
		if errors.Is(err, bufio.ErrTooLong) {
			err = errTooLong
		}
		if err != nil {
			return fmt.Errorf("client: /sse: %w", err)
		}
		if bytes.IndexByte(event, cutMark) >= 0 {
			return fmt.Errorf("client: /sse: %w", io.ErrUnexpectedEOF)
		}
		s.alive() // a comment is a sign of life as well
		if err := s.receive(attach, protocol.Lines(eventData(event))); err != nil {
			return err
		}
	}
}

// eventData returns the data of an event, in memory of its own.
func eventData(event []byte) []byte {
	var data []byte
	for _, line := range protocol.Lines(event) {
		if value, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			data = append(append(data, bytes.TrimPrefix(value, []byte(" "))...), '\n')
		}
	}
	return data
}

// cutMark stands where a stream ended. No frame contains it.
const cutMark = 0

// cutMarker puts a cutMark at the end of a stream. The EventStreamReader gives what follows the last blank line as an event,
// though it may be half a frame that parses well: with the mark it can be told from an event that is complete.
type cutMarker struct {
	r      io.Reader
	ended  error
	marked bool
}

func (m *cutMarker) Read(b []byte) (int, error) {
	if m.ended == nil {
		n, err := m.r.Read(b)
		m.ended = err
		if err == nil || n > 0 {
			return n, nil
		}
	}
	if !m.marked && len(b) > 0 {
		m.marked = true
		b[0] = cutMark
		return 1, nil
	}
	return 0, m.ended
}
