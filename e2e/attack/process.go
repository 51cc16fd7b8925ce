package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// process is this program in another role.
type process struct {
	cmd   *exec.Cmd
	input io.Closer // at its end the process ends
	out   *json.Decoder
	log   string
}

const endTime = 30 * time.Second // that a process may take to end

// start starts a process, which logs into a file.
func start(logName string, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{log: logName}
	log, err := os.Create(logName)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd = exec.Command(self, args...)
	p.cmd.Stderr = log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = json.NewDecoder(bufio.NewReader(out))
	if p.input, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	return p, p.cmd.Start()
}

// end has the process end, after its last word, which is decoded into last unless that is nil.
func (p *process) end(last any) error {
	p.input.Close()
	kill := time.AfterFunc(endTime, func() { p.cmd.Process.Kill() })
	defer kill.Stop()
	var err error
	if last != nil {
		err = p.out.Decode(last)
	}
	if waited := p.cmd.Wait(); waited != nil || err != nil {
		text, _ := os.ReadFile(p.log)
		return fmt.Errorf("%v: %w\n%s", p.cmd.Args[1:], errors.Join(err, waited), text[max(0, len(text)-3000):])
	}
	return nil
}

// untilEnd returns when a reader has ended.
func untilEnd(r io.Reader) { _, _ = io.Copy(io.Discard, r) }

// instance is a process that is attacked.
type instance struct {
	*process
	at addresses
}

func startInstance(dir, name, storeURL string) (*instance, error) {
	p, err := start(filepath.Join(dir, name+".log"), "-role", "instance", "-target", storeURL)
	if err != nil {
		return nil, err
	}
	i := &instance{process: p}
	if err := p.out.Decode(&i.at); err != nil {
		return nil, errors.Join(err, p.end(nil))
	}
	return i, nil
}

// ask asks the instance for its figures: "now", or "collected".
func (i *instance) ask(ctx context.Context, when string) (f figures, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+i.at.Debug+"/"+when, nil)
	if err != nil {
		return f, err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return f, err
	}
	defer response.Body.Close()
	return f, json.NewDecoder(response.Body).Decode(&f)
}

// resident is how much memory a process has, in bytes; 0 if there is none.
func resident(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(fields[1])
	return pages * os.Getpagesize()
}

// spent is the processor time that a process has used so far.
func spent(pid int) time.Duration {
	const tick = time.Second / 100 // whatever the kernel's own is
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick
}
