package mock_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"go.uber.org/goleak"

	"github.com/sojourn-go/sojourn/protocol"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/mock"
	"github.com/sojourn-go/sojourn/transports/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTransport(t *testing.T) {
	transporttest.Run(t, transporttest.Subject{Transport: mock.Transport{}, Dial: dial})
}

type conn struct{ *mock.Conn }

func dial(ctx context.Context, s *transporttest.Server, hello []byte) (transporttest.Conn, error) {
	c, err := mock.Dial(ctx, s.Switchboard, hello)
	if err != nil {
		return nil, err
	}
	return conn{c}, nil
}

func (c conn) Send(frames ...[]byte) error { return c.Conn.Send(bytes.Join(frames, []byte{'\n'})) }
func (c conn) Receive() ([][]byte, error)  { return c.Conn.Receive(context.Background()) }

func Example() {
	ctx := context.Background()
	local := transports.NewLocal(func(socket, method string, p protocol.Payload) (protocol.Payload, error) {
		return p, nil // an echo
	})
	c, err := mock.Dial(ctx, local, protocol.HelloUp{Version: 1, Key: "AAAAAAAAAAAAAAAAAAAAAA", Attach: 1}.Append(nil))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	frames, _ := c.Receive(ctx)
	fmt.Printf("%c\n", frames[0][0])
	_ = c.Send([]byte(`C1,echo.say|"hello"`))
	frames, _ = c.Receive(ctx)
	f, _ := protocol.ParseFrame(frames[0])
	fmt.Printf("%c%s\n", f.Kind, f.Payload)
	// Output:
	// h
	// r|"hello"
}
