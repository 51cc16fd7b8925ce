package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// search looks for names that make a text with holes smaller, for a while. It exchanges them at random, and keeps what makes the text no larger;
// at first it keeps some of what makes it a little larger, too, not to be caught where only a detour leads on (simulated annealing).
func (n *names) search(text []byte, d time.Duration) {
	size := n.measure(text)
	random := rand.New(rand.NewPCG(1, 1))
	now := size()
	best, properties, functions := now, slices.Clone(n.properties.short), slices.Clone(n.functions.short)
	fmt.Println("names: from", now)
	for start := time.Now(); ; {
		left := 1 - float64(time.Since(start))/float64(d)
		if left <= 0 {
			break
		}
		list := n.properties.short
		if random.IntN(2) == 0 {
			list = n.functions.short
		}
		i, j := random.IntN(len(list)), random.IntN(len(list))
		list[i], list[j] = list[j], list[i]
		if then := size(); then <= now || random.Float64() < math.Exp(float64(now-then)/(1.5*left*left)) {
			now = then
		} else {
			list[i], list[j] = list[j], list[i]
		}
		if now < best {
			best, properties, functions = now, slices.Clone(n.properties.short), slices.Clone(n.functions.short)
		}
	}
	n.properties.short, n.functions.short = properties, functions
	fmt.Println("names: to", best)
}

// measure returns a function that tells how many bytes the text is now, filled and compressed.
func (n *names) measure(text []byte) func() int {
	var between [][]byte
	var in []rune
	last := 0
	for _, at := range hole.FindAllIndex(text, -1) {
		between, in = append(between, text[last:at[0]]), append(in, []rune(string(text[at[0]:at[1]]))[0])
		last = at[1]
	}
	var filled bytes.Buffer
	var out counter
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	return func() int {
		filled.Reset()
		for i, hole := range in {
			filled.Write(between[i])
			filled.WriteString(n.in(hole))
		}
		filled.Write(text[last:])
		out = 0
		w.Reset(&out)
		_, _ = w.Write(filled.Bytes()) // a counter does not fail
		_ = w.Close()
		return int(out)
	}
}

type counter int

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}
