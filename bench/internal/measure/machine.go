package measure

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// ticksPerSecond is the unit of /proc, whatever the kernel's own is.
const ticksPerSecond = 100

// machineTime is what all processors have done so far, in seconds.
type machineTime struct{ busy, whole float64 }

// busy reads it. What a hypervisor gave to somebody else counts as busy.
func busy() machineTime {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	return parseBusy(line)
}

// parseBusy reads the first line of /proc/stat: cpu, then user, nice, system, idle, iowait, irq, softirq, steal; guests are in user and nice.
func parseBusy(line string) (t machineTime) {
	for i, field := range strings.Fields(line) {
		ticks, err := strconv.ParseFloat(field, 64)
		if err != nil || i > 8 {
			continue
		}
		t.whole += ticks / ticksPerSecond
		if i != 4 && i != 5 {
			t.busy += ticks / ticksPerSecond
		}
	}
	return t
}

func (t machineTime) since(before machineTime) machineTime {
	return machineTime{t.busy - before.busy, t.whole - before.whole}
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
