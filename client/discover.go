package client

import (
	"context"

	"github.com/sojourn-go/sojourn/protocol"
)

// Discover asks what services the server has, with their methods, topics, states and types. It is a call: where discovery is off (Config.Discover)
// its error's code is "not_found".
func (c *Client) Discover(ctx context.Context) (d protocol.Description, err error) {
	return d, c.Call(ctx, protocol.Describe, nil, &d)
}
