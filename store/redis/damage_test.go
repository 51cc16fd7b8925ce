package redis_test

import (
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/rueidis"
)

// A record that somebody has damaged counts as lost. No script fails on it, which would keep it from all else that it was asked for, but for
// those that should return an entry which is not there. And none fails by halves.
func TestAllOrNoneWithDamagedRecords(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		w := newWorld(t, url)
		fresh := w.dump()
		for name, op := range operations() {
			for i, command := range fresh {
				key := strings.TrimPrefix(command[1], "sj1:{"+worldCell+"}:")
				if command[0] == "HSET" && slices.Contains(op.keys, key) {
					for field := 2; field < len(command); field += 2 {
						for _, content := range []string{"", "x", "-1", "nan", "1e99"} {
							restore(t, w.client, worldCell, damaged(fresh, i, field, content))
							mayFail := (name == "attach" || name == "read") && anEntry.MatchString(command[field])
							tried(t, w, op.do, mayFail, name+": "+key+" with "+command[field]+" "+strconv.Quote(content))
						}
					}
				}
			}
		}
	})
}

// damaged returns a dump in which one field of one hash has another content, or none.
func damaged(commands [][]string, i, field int, content string) [][]string {
	commands, hash := slices.Clone(commands), slices.Clone(commands[i])
	if content == "" {
		hash = slices.Delete(hash, field, field+2)
	} else {
		hash[field+1] = content
	}
	if commands[i] = hash; len(hash) == 2 {
		return slices.Delete(commands, i, i+1)
	}
	return commands
}

var anEntry = regexp.MustCompile(`^o\d+$`)

func tried(t *testing.T, w *world, do func(*world) error, mayFail bool, what string) {
	t.Helper()
	before := w.dump()
	err := do(w)
	if refused := new(rueidis.RedisError); errors.As(err, &refused) && !reflect.DeepEqual(w.dump(), before) {
		t.Errorf("%s: half of it was done: %v", what, err)
	}
	if err != nil && strings.HasPrefix(err.Error(), "redis: ") && !mayFail { // what has another prefix is a status
		t.Errorf("%s: it fails: %v", what, err)
	}
}
