package redis

import (
	"context"
	"strings"

	"github.com/redis/rueidis"
)

// In a cluster notices go through channels that belong to the cell's slot (sharded pub/sub, of Redis 7): they are lost with the connection to the slot's
// node or when the slot moves, and both are noticed. What goes over the cluster's bus can be lost one by one.
//
// All stores of a cell find the same, since they ask the same server.
func (s *Store) findChannels(ctx context.Context) error {
	if s.client.Mode() != rueidis.ClientModeCluster {
		return nil
	}
	s.sharded = true
	err := s.client.Do(ctx, s.publish(s.prefix+"I:", kindProbe+"\n")).Error()
	refused, ok := rueidis.IsRedisErr(err)
	switch {
	case ok && strings.Contains(refused.Error(), "unknown command"):
		s.sharded = false
		return nil
	case ok && strings.HasPrefix(refused.Error(), "NOPERM"): // loses notices, and nothing else
		return nil
	}
	return err
}

func (s *Store) publish(channel, message string) rueidis.Completed {
	if s.sharded {
		return s.client.B().Spublish().Channel(channel).Message(message).Build()
	}
	return s.client.B().Publish().Channel(channel).Message(message).Build()
}

// publishCommand is what scripts send notices with.
func (s *Store) publishCommand() string {
	if s.sharded {
		return "SPUBLISH"
	}
	return "PUBLISH"
}

func (s *Store) subscribe(b rueidis.Builder, channels []string) rueidis.Completed {
	if s.sharded {
		return b.Ssubscribe().Channel(channels...).Build()
	}
	return b.Subscribe().Channel(channels...).Build()
}

func (s *Store) unsubscribe(b rueidis.Builder, channels []string) rueidis.Completed {
	if s.sharded {
		return b.Sunsubscribe().Channel(channels...).Build()
	}
	return b.Unsubscribe().Channel(channels...).Build()
}
