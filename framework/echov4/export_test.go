package echov4

import "time"

// SweepEvery is how often Serve looks for what is due.
func SweepEvery(d time.Duration) (restore func()) {
	was := sweepEvery
	sweepEvery = d
	return func() { sweepEvery = was }
}

// LocalURL is localURL.
var LocalURL = localURL
