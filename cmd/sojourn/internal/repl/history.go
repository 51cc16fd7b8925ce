package repl

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unicode"
)

const (
	maxHistory = 1000 // commands
	maxCommand = 4096 // bytes of a command that is remembered: a term.Terminal's line has no more
)

// HistoryFile returns where commands are remembered: sojourn/history in the user's directory for such things, which is $XDG_STATE_HOME, else
// .local/state at home; on Windows it is that of programs' local data.
func HistoryFile() (string, error) {
	dir := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(dir) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(home, ".local", "state")
		if runtime.GOOS == "windows" {
			dir = filepath.Join(home, "AppData", "Local")
		}
	}
	return filepath.Join(dir, "sojourn", "history"), nil
}

// history has the commands of this session and of those before. It is a term.History, whose owner adds commands rather than lines.
type history struct {
	commands []string // the newest last
	file     *os.File // nil: they are remembered by this session alone
	secrets  []string
}

// openHistory reads a history, and makes it if there is none. It is for its owner's eyes only.
func openHistory(path string, secrets []string) (*history, error) {
	h := &history{secrets: slices.DeleteFunc(slices.Clone(secrets), func(s string) bool { return s == "" })}
	if path == "" {
		return h, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return h, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return h, err
	}
	if err := h.load(f); err != nil {
		_ = f.Close()
		return h, err
	}
	h.file = f
	return h, nil
}

func (h *history) load(f *os.File) error {
	if err := f.Chmod(0o600); err != nil {
		return err
	}
	text, err := os.ReadFile(f.Name())
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimRight(line, "\n"); h.fits(line) {
			h.commands = append(h.commands, line)
		}
	}
	if surplus := len(h.commands) - maxHistory; surplus > 0 {
		h.commands = h.commands[surplus:]
		if err := f.Truncate(0); err != nil {
			return err
		}
		_, err = f.WriteString(strings.Join(h.commands, "\n") + "\n")
	}
	return err
}

// fits tells whether a command may be remembered: not one that begins with a space, as in shells, and none with a secret in it.
func (h *history) fits(command string) bool {
	return command != "" && command[0] != ' ' && len(command) <= maxCommand && !strings.ContainsFunc(command, unicode.IsControl) &&
		!slices.ContainsFunc(h.secrets, func(secret string) bool { return strings.Contains(command, secret) })
}

// remember adds a command; a repeated one is not added.
func (h *history) remember(command string) error {
	command = strings.TrimRight(command, " ")
	if !h.fits(command) || len(h.commands) > 0 && h.commands[len(h.commands)-1] == command {
		return nil
	}
	h.commands = append(h.commands, command)
	if h.file == nil {
		return nil
	}
	_, err := h.file.WriteString(command + "\n")
	return err
}

func (h *history) close() {
	if h.file != nil {
		_ = h.file.Close()
	}
}

// Add, Len and At implement term.History.

func (h *history) Add(string) {} // a line may be part of a command

func (h *history) Len() int { return len(h.commands) }

func (h *history) At(i int) string { return h.commands[len(h.commands)-1-i] }
