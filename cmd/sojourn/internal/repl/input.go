package repl

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/sojourn-go/sojourn/protocol"
)

// lines is where commands come from.
type lines interface {
	// ReadLine returns the next line without its line break; io.EOF if there is none, errInterrupted if what was typed is to be dropped.
	ReadLine(prompt string) (string, error)
}

const (
	prompt     = "> "
	promptMore = "... " // for the next line of what is not complete
)

// input reads commands. One goroutine at a time may use it.
type input struct {
	ctx   context.Context // when it ends nothing is read any more
	lines lines
	typed []string // lines of the present command
	read  chan read
}

type read struct {
	line string
	err  error
}

func newInput(l lines) *input { return &input{lines: l, read: make(chan read, 1)} }

// next returns the next line, the first one of a command or one more.
func (in *input) next(prompt string) (string, error) {
	go func() {
		line, err := in.lines.ReadLine(prompt)
		in.read <- read{line, err}
	}()
	select {
	case r := <-in.read:
		in.typed = append(in.typed, r.line)
		return r.line, r.err
	case <-in.ctx.Done():
		return "", context.Cause(in.ctx)
	}
}

// pipe reads lines that nobody types.
type pipe struct{ r *bufio.Reader }

func newPipe(r io.Reader) pipe { return pipe{bufio.NewReader(r)} }

func (p pipe) ReadLine(string) (string, error) {
	line, err := p.r.ReadString('\n')
	if line != "" {
		err = nil // the last line may have no line break
	}
	return strings.TrimRight(line, "\r\n"), err
}

// payload reads a payload as people write it: nothing; JSON, over as many lines as it takes; or bytes, as those of a file (@name), hex:00ff or
// base64:AP8=.
func (in *input) payload(text string) (protocol.Payload, error) {
	var raw []byte
	var err error
	if text == "" {
		return nil, nil
	} else if name, ok := strings.CutPrefix(text, "@"); ok {
		raw, err = os.ReadFile(name)
	} else if digits, ok := strings.CutPrefix(text, "hex:"); ok {
		raw, err = hex.DecodeString(digits)
	} else if digits, ok := strings.CutPrefix(text, "base64:"); ok {
		raw, err = base64.StdEncoding.DecodeString(digits)
	} else {
		return in.json(text)
	}
	if err != nil {
		return nil, fmt.Errorf("payload: %w", err)
	}
	return protocol.BytesPayload(raw), nil
}

// json reads a JSON value that begins with text.
func (in *input) json(text string) (protocol.Payload, error) {
	d := json.NewDecoder(&rest{in: in, text: text + "\n"})
	var value json.RawMessage
	err := d.Decode(&value)
	switch {
	case errors.Is(err, errInterrupted) || in.ctx.Err() != nil:
		return nil, err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errors.New("payload: the JSON is not complete")
	case err != nil:
		return nil, fmt.Errorf("payload: %w; bytes are written as @file, hex:00ff or base64:AP8=", err)
	}
	after, _ := io.ReadAll(d.Buffered())
	if after = bytes.TrimSpace(after); len(after) > 0 {
		return nil, fmt.Errorf("payload: there is more after the JSON value: %.20q", after)
	}
	var compact bytes.Buffer
	err = json.Compact(&compact, value)
	return protocol.JSONPayload(compact.Bytes()), err
}

// rest has a decoder read on, line by line, for as long as it needs.
type rest struct {
	in   *input
	text string
}

func (r *rest) Read(p []byte) (int, error) {
	if r.text == "" {
		line, err := r.in.next(promptMore)
		if err != nil {
			return 0, err
		}
		r.text = line + "\n"
	}
	n := copy(p, r.text)
	r.text = r.text[n:]
	return n, nil
}

// show writes a payload as it is read.
func show(p protocol.Payload) string {
	if len(p) == 0 {
		return ""
	}
	if p.IsBytes() {
		return "base64:" + string(p[1:])
	}
	return string(p[1:])
}
