package redis_test

import (
	"context"
	"slices"
	"testing"

	"github.com/redis/rueidis"
)

// dump returns the commands that make a cell's keys, in a stable order. The keys' expiry is not among them: the scripts go by
// what they wrote.
func dump(t testing.TB, c rueidis.Client, cell string) (commands [][]string) {
	t.Helper()
	for _, key := range keys(t, c, cell) {
		kind, _ := do(t, c, "TYPE", key).ToString()
		switch kind {
		case "hash":
			commands = append(commands, append([]string{"HSET", key}, pairs(t, do(t, c, "HGETALL", key), false)...))
		case "zset":
			commands = append(commands, append([]string{"ZADD", key}, pairs(t, do(t, c, "ZRANGE", key, "0", "-1", "WITHSCORES"), true)...))
		case "string":
			text, _ := do(t, c, "GET", key).ToString()
			commands = append(commands, []string{"SET", key, text})
		case "list": // planted by a test
			commands = append(commands, []string{"RPUSH", key, "planted"})
		default:
			t.Fatalf("a key of type %s: %s", kind, key)
		}
	}
	return commands
}

// pairs returns the pairs of a list, sorted, each turned around if swap is set.
func pairs(t testing.TB, r rueidis.RedisResult, swap bool) (flat []string) {
	t.Helper()
	values, err := r.AsStrSlice()
	if err != nil {
		t.Fatal(err)
	}
	var all [][]string
	for pair := range slices.Chunk(values, 2) {
		if swap {
			pair = []string{pair[1], pair[0]}
		}
		all = append(all, pair)
	}
	slices.SortFunc(all, slices.Compare[[]string])
	return slices.Concat(all...)
}

// restore makes a cell what it was when it was dumped.
func restore(t testing.TB, c rueidis.Client, cell string, commands [][]string) {
	t.Helper()
	if all := keys(t, c, cell); len(all) > 0 {
		do(t, c, append([]string{"DEL"}, all...)...)
	}
	for _, command := range commands {
		do(t, c, command...)
	}
}

func keys(t testing.TB, c rueidis.Client, cell string) (all []string) {
	t.Helper()
	for _, node := range c.Nodes() {
		some, err := node.Do(context.Background(), node.B().Keys().Pattern("sj1:{"+cell+"}:*").Build()).AsStrSlice()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, some...)
	}
	slices.Sort(all)
	return all
}
