package pubsub_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/sojourn-go/sojourn/framework"
	"github.com/sojourn-go/sojourn/internal/nodetest"
	"github.com/sojourn-go/sojourn/services/pubsub"
	"github.com/sojourn-go/sojourn/transports"
	"github.com/sojourn-go/sojourn/transports/sse"
)

// conversation is a page's, without a page.
const conversation = `
import { connect } from '../../client/js/dist/client.js'
import { join } from '../../client/js/dist/app.js'
import * as pubsub from './client.js'

const app = join(connect(process.argv[1], { transports: ['sse'] }), { pubsub })
const heard = new Promise(resolve => app.pubsub.subscribe('news', (...all) => resolve(all)))
await app.pubsub.publishOthers('news', 'not for us')
await app.pubsub.publish('news', { n: 1 })
console.log(JSON.stringify(await heard))
app.rt.close()
`

func TestTheHalvesUnderstandEachOther(t *testing.T) {
	node := nodetest.Find(t)
	rt, err := framework.New(framework.Config{
		Transports: []transports.Transport{sse.Transport{}},
		Services:   []framework.Service{pubsub.New(pubsub.Options{Subscribe: framework.Anyone, Publish: framework.Anyone}).Service},
		Identify:   func(*http.Request) (framework.User, error) { return annUser, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(rt)
	defer server.Close()
	defer rt.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // for a page that hears nothing
	defer cancel()
	out, err := exec.CommandContext(ctx, node, "--input-type=module", "-e", conversation, server.URL+"/rt").CombinedOutput()
	if err != nil || !regexp.MustCompile(`^\[\{"n":1\},\{"user":\{"id":"ann","name":"Ann"\},"at":\d{13}\}\]\n$`).Match(out) {
		t.Errorf("%v, the page hears %s", err, out)
	}
}
