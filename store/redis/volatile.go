package redis

import "context"

// Volatile implements store.Volatiler.
func (s *Store) Volatile(ctx context.Context, topic, socket string, data []byte) error {
	if topic == "" {
		c := s.newCall()
		c.declare(s.socketKey(socket))
		c.bytes(data)
		_, err := s.run(ctx, volatileScript, c)
		return err
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	if err := s.client.Do(ctx, s.publish(s.topicChannel(topic), volatileToTopic(data))).Error(); err != nil {
		return s.failed("volatile", err)
	}
	return nil
}
