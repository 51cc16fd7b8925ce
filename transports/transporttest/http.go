package transporttest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"

	"github.com/sojourn-go/sojourn/protocol"
)

// Post posts to an endpoint below the mount, for the Dial of transports that need it.
func (s *Server) Post(ctx context.Context, endpoint string, body []byte) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/"+endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	maps.Copy(r.Header, s.Header)
	r.Header.Set("Content-Type", "text/plain")
	return s.Client.Do(r)
}

// Up posts frames to /up after a K frame. A z frame in the response is returned as a *protocol.Close.
func (s *Server) Up(ctx context.Context, frames ...[]byte) error {
	body := protocol.HelloPost{Key: "AAAAAAAAAAAAAAAAAAAAAA"}.Append(nil)
	body = append(append(body, '\n'), bytes.Join(frames, []byte{'\n'})...)
	response, err := s.Post(ctx, "up", body)
	if err != nil {
		return err
	}
	if _, err = ReadLines(response); err == io.EOF {
		return nil
	}
	return err
}

// ReadLines reads a complete response: its frames, and the z frame, if there is one, as the error, else [io.EOF].
// A response that is not as the protocol wants it, such as one whose status is not that of its z frame, is an error of another kind.
func ReadLines(response *http.Response) ([][]byte, error) {
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.ContentLength != int64(len(body)) {
		return nil, fmt.Errorf("Content-Length is %d, the body has %d bytes", response.ContentLength, len(body))
	}
	if cache := response.Header.Get("Cache-Control"); cache != "no-store" {
		return nil, fmt.Errorf("Cache-Control is %q, want no-store", cache)
	}
	frames, end := protocol.Lines(body), io.EOF
	if n := len(frames) - 1; n >= 0 && CloseIn(frames[n]) != nil {
		frames, end = frames[:n], CloseIn(frames[n])
	}
	if status := codeOf(end).Status(); response.StatusCode != status {
		return frames, fmt.Errorf("status %d, want %d with %v", response.StatusCode, status, end)
	}
	return frames, end
}

// CloseIn returns the Close in a frame, or nil if the frame is not a z.
func CloseIn(frame []byte) error {
	f, err := protocol.ParseFrame(frame)
	if err != nil || f.Kind != protocol.Closed {
		return nil
	}
	end, err := protocol.ParseClose(f)
	if err != nil {
		return err
	}
	return end
}
