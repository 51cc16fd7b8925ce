package measure

// Effort is the server's processor time for the generator's: the generator does nearly the same for every server, so that it is the unit that speeds up
// and slows down with the machine.
func Effort(s Sample) float64 { return s.Server / s.CPU }

// Rate is messages a second.
func Rate(s Sample) float64 { return float64(s.Messages) / s.Seconds }

// Cost is the server's processor time for a message, in seconds.
func Cost(s Sample) float64 { return s.Server / float64(max(1, s.Messages)) }

// StoreCost is the processor time of the server's Redis for a message, in seconds.
func StoreCost(s Sample) float64 { return s.Store / float64(max(1, s.Messages)) }

// P50 is the median latency, in seconds.
func P50(s Sample) float64 { return s.Latency.P50.Seconds() }

// P99 is the latency that 99 of 100 messages do not exceed, in seconds.
func P99(s Sample) float64 { return s.Latency.P99.Seconds() }

// Slowdown is the 99th percentile of latency with connections that are stuck, for what it was without.
func Slowdown(s Sample) float64 { return P99(s) / s.Before.P99.Seconds() }

// Got is the part of what was published since they were stuck, or while they caught up, that those who were stuck got.
func Got(s Sample) float64 { return float64(s.Late.Got) / float64(max(1, s.Late.Got+s.Late.Missed)) }

// Told is the part of it that they got, or know that they missed.
func Told(s Sample) float64 {
	return 1 - float64(s.Late.Untold)/float64(max(1, s.Late.Got+s.Late.Missed))
}

// Cut is how many connections of those who were stuck were cut.
func Cut(s Sample) float64 { return float64(s.Late.Cut) }

// Allocations are the server's for a message.
func Allocations(s Sample) float64 { return s.Mallocs / float64(max(1, s.Messages)) }

// Garbage is the server's for a message, in bytes.
func Garbage(s Sample) float64 { return s.Garbage / float64(max(1, s.Messages)) }

// Each is the memory that each connection had the server take, in bytes.
func Each(s Sample) float64 { return s.Memory.bytes() / float64(s.Connections) }

// EachInStore is the memory that each connection had the server's Redis take, in bytes.
func EachInStore(s Sample) float64 { return s.StoreMemory.bytes() / float64(s.Connections) }

// Total is the server's memory at the end, in bytes.
func Total(s Sample) float64 { return float64(s.Memory.After) }

// Published is how many messages were published a second.
func Published(s Sample) float64 { return float64(s.Sent) / s.Seconds }

// PublishCost is the server's processor time for a message that was published, to all who follow, in seconds.
func PublishCost(s Sample) float64 { return s.Server / float64(max(1, s.Sent)) }

// StoreShare is the part of one processor that the server's Redis took.
func StoreShare(s Sample) float64 { return s.Store / s.Seconds }

// Grown is the memory that the server took, in bytes.
func Grown(s Sample) float64 { return s.Memory.bytes() }

func (g Growth) bytes() float64 { return float64(g.After - g.Before) }

// Goroutines are the server's for a connection.
func Goroutines(s Sample) float64 { return float64(s.Goroutines) / float64(s.Connections) }

// Duration is how long it was measured, in seconds: of what takes the time that it takes.
func Duration(s Sample) float64 { return s.Seconds }

// Reads are the server's of topics' entries, from its store.
func Reads(s Sample) float64 { return float64(s.Reads) }
