package ws_test

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/transporttest"
	"github.com/sojourn-go/sojourn/transports/ws"
)

// patient is a switchboard whose volatile calls are work that goes on until the gate is opened.
type patient struct {
	*transports.Local
	gate chan struct{}
	done chan struct{} // gets one for each
}

func (p patient) Open(r *http.Request, hello []byte, c transports.Carrier) (transports.Link, error) {
	link, err := p.Local.Open(r, hello, c)
	return patientLink{link, p, c}, err
}

type patientLink struct {
	transports.Link
	patient
	carrier transports.Carrier
}

func (l patientLink) Push(ctx context.Context, frame []byte) error {
	if frame[0] != 'W' {
		return l.Link.Push(ctx, frame)
	}
	l.carrier.Beside(func() {
		<-l.gate
		l.done <- struct{}{}
	})
	return nil
}

// Work that takes its time holds up nothing that is said after it, in the same message or later ones, and is done, once, though its connection may have gone.
func TestWorkThatTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := patient{transports.NewLocal(echo), make(chan struct{}), make(chan struct{}, 10)}
		c := upgraded(t, transporttest.Serve(t, sb, ws.Transport{}))
		if err := c.Send(hello, []byte("Wa,a.b")); err != nil {
			t.Fatal(err)
		}
		say := func(answer string, frames ...string) {
			t.Helper()
			for _, f := range frames {
				if err := c.Send([]byte(f)); err != nil {
					t.Fatal(err)
				}
			}
			for {
				frames, err := c.Receive()
				if err != nil {
					t.Fatal(err)
				}
				if strings.HasSuffix(string(bytes.Join(frames, nil)), answer) {
					return
				}
			}
		}
		say("|1", "C1,a.b|1")
		say("|2", "Wb,a.b\nWc,a.b\nC2,a.b|2", "Wd,a.b")
		say("|3", "C3,a.b|3")
		if len(sb.done) > 0 {
			t.Error("done before the gate was opened")
		}
		c.Close()
		synctest.Wait()
		close(sb.gate)
		synctest.Wait()
		if len(sb.done) != 4 {
			t.Errorf("%d works were done, want 4", len(sb.done))
		}
	})
}
