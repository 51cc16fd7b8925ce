package measure

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ticksPerSecond is the unit of /proc, whatever the kernel's own is.
const ticksPerSecond = 100

// machineTime is a moment, and the processor time that processes have used by then, all that there are, in seconds; with what a hypervisor gave to somebody else. It leaves out what
// no process is charged for: interrupts while a processor is idle. They are there with any load that is not saturated, and most where a server wakes most often.
type machineTime struct {
	at   time.Time
	used float64
}

func readMachine() machineTime {
	m := machineTime{at: time.Now()}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		text, _ := os.ReadFile(file) // one that has ended is with its parent's children
		own, children := parseProcess(string(text))
		m.used += own + children
	}
	text, _ := os.ReadFile("/proc/stat")
	m.used += parseStolen(string(text))
	return m
}

// parseProcess reads a process's line of /proc: what it has used, and what those of its children have that have ended, in seconds.
func parseProcess(line string) (own, children float64) {
	fields := strings.Fields(line[strings.LastIndexByte(line, ')')+1:]) // what stands before is its name, which may have anything in it
	if len(fields) < 15 {
		return 0, 0
	}
	return ticks(fields[11], fields[12]), ticks(fields[13], fields[14])
}

// parseStolen reads the first line of /proc/stat: cpu, user, nice, system, idle, waiting for disks, interrupts, what they have left for later, stolen ...
func parseStolen(text string) (seconds float64) {
	line, _, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 {
		return 0
	}
	return ticks(fields[8])
}

// ticks adds what /proc counts up, and returns seconds.
func ticks(fields ...string) (seconds float64) {
	for _, field := range fields {
		n, _ := strconv.ParseFloat(field, 64)
		seconds += n / ticksPerSecond
	}
	return seconds
}

// foreign is the part of the machine's time since a moment that went to other processes than ours, who used so many seconds.
func (m machineTime) foreign(since machineTime, processors int, ours float64) float64 {
	whole := m.at.Sub(since.at).Seconds() * float64(processors)
	return max(0, m.used-since.used-ours) / whole
}

// self is the processor time of this process.
func self() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// Machine says on what was measured.
type Machine struct {
	Processor  string
	Processors int
	Memory     string
	Kernel     string
	Go         string
}

// ThisMachine reads it.
func ThisMachine() Machine {
	return Machine{
		Processor:  value("/proc/cpuinfo", "model name"),
		Processors: runtime.NumCPU(),
		Memory:     value("/proc/meminfo", "MemTotal"),
		Kernel:     kernel(),
		Go:         runtime.Version(),
	}
}

// value returns what stands behind a name in a file of lines "name: value".
func value(file, name string) string {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}

func kernel() string {
	text, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return strings.TrimSpace(string(text))
}
