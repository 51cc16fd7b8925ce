package measure

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/sojourn-go/sojourn/bench/internal/generate"
)

// child is a process of ours that speaks JSON, a line at a time.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser // at its end the process ends
	out *json.Decoder
	log bytes.Buffer // its standard error
}

const endTime = 20 * time.Second // that a process may take to end

// start starts a process.
func start(words ...string) (*child, error) {
	c := &child{cmd: exec.Command(words[0], words[1:]...)}
	c.cmd.Stderr = &c.log
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt from the keyboard is for us alone: what runs ends as it should
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = json.NewDecoder(bufio.NewReader(out))
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("measure: %w", err)
	}
	return c, nil
}

// ask writes a line and reads the answer.
func (c *child) ask(line string, answer any) error {
	if _, err := io.WriteString(c.in, line+"\n"); err != nil {
		return c.failed(err)
	}
	return c.read(answer)
}

func (c *child) read(v any) error {
	if err := c.out.Decode(v); err != nil {
		return c.failed(err)
	}
	return nil
}

func (c *child) failed(err error) error {
	return fmt.Errorf("measure: %v: %w", c.cmd.Args, err)
}

// end has the process end. What it said as it did is in the error, if it did not end well.
func (c *child) end() error {
	c.in.Close()
	kill := time.AfterFunc(endTime, func() { c.cmd.Process.Kill() })
	defer kill.Stop()
	if err := c.cmd.Wait(); err != nil {
		text := c.log.Bytes()
		return fmt.Errorf("%w\n%s", c.failed(err), text[max(0, len(text)-2000):])
	}
	return nil
}

// pid is a process.
type pid int

func (c *child) pid() pid { return pid(c.cmd.Process.Pid) }

// cpu is the processor time that a process has used so far, in seconds, as /proc tells: to a hundredth.
func (p pid) cpu() float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p))
	own, _ := parseProcess(string(text))
	return own
}

// resident is how much memory a process has, in bytes.
func (p pid) resident() int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p))
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(fields[1])
	return pages * os.Getpagesize()
}

// expect reads the generator's next event, which must be this one.
func (c *child) expect(what string) (*generate.Result, error) {
	var e generate.Event
	if err := c.read(&e); err != nil {
		return nil, err
	}
	if e.What != what {
		return nil, fmt.Errorf("measure: the generator says %q where %q is expected: %s", e.What, what, e.Why)
	}
	return e.Result, nil
}
