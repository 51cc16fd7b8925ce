package redis

import (
	"context"
	"time"

	"github.com/sojourn-go/sojourn/store"
)

// WatchProbing is Watch with another interval between probes.
func (s *Store) WatchProbing(ctx context.Context, deliver func(store.Notice), interval time.Duration) (store.Watch, error) {
	return s.watch(ctx, deliver, interval)
}
