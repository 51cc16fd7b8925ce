package measure

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ticksPerSecond is the unit of /proc, whatever the kernel's own is.
const ticksPerSecond = 100

// machineTime is a moment, and how long all processors together have been idle by then, in seconds. What a hypervisor gave to somebody else is not idle.
type machineTime struct {
	at   time.Time
	idle float64
}

func readMachine() machineTime {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	return machineTime{time.Now(), parseIdle(line)}
}

// parseIdle reads the first line of /proc/stat: cpu, then user, nice, system, idle, waiting for disks ... Idle time is exact there; the rest is sampled.
func parseIdle(line string) (seconds float64) {
	fields := strings.Fields(line)
	for _, field := range fields[min(4, len(fields)):min(6, len(fields))] {
		ticks, _ := strconv.ParseFloat(field, 64)
		seconds += ticks / ticksPerSecond
	}
	return seconds
}

// foreign is the part of the machine's time since a moment in which processors were busy with other than ours, who used so many seconds.
func (m machineTime) foreign(since machineTime, processors int, ours float64) float64 {
	whole := m.at.Sub(since.at).Seconds() * float64(processors)
	return max(0, whole-(m.idle-since.idle)-ours) / whole
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
