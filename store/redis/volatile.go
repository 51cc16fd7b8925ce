package redis

import "context"

// Volatile implements store.Volatiler.
func (s *Store) Volatile(ctx context.Context, topic, socket string, data []byte) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	var err error
	if topic != "" {
		err = s.client.Do(ctx, s.publish(s.topicChannel(topic), volatileToTopic(data))).Error()
	} else {
		c := s.newCall()
		c.declare(s.socketKey(socket))
		c.bytes(data)
		err = volatileScript.exec(ctx, s.client, c).Error()
	}
	if err != nil {
		return s.failed("volatile", err)
	}
	return nil
}
