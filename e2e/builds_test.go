package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/sojourn-go/sojourn/internal/redistest"
)

const diaryPackage = "github.com/sojourn-go/sojourn/e2e/builds"

// builds are the two builds of the diary: programs, made when they are first asked for.
var builds = map[string]func() (path string, err error){
	"1": sync.OnceValues(func() (string, error) { return buildDiary("1") }),
	"2": sync.OnceValues(func() (string, error) { return buildDiary("2") }),
}

func buildDiary(version string) (path string, err error) {
	if _, err := binary(); err != nil { // for binaryDir
		return "", err
	}
	path = filepath.Join(binaryDir, "diary"+version)
	if out, err := exec.Command("go", "build", "-o", path, "-ldflags", "-X main.build="+version, diaryPackage).CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
}

// diary is instances of the diary, of either build, behind a balancer that gives every request to the next of them.
type diary struct {
	*chat
	redis *redistest.Server
}

// startDiary starts an instance of each of some builds.
func startDiary(t *testing.T, versions ...string) *diary {
	t.Helper()
	redis := redistest.StartT(t)
	d := &diary{startChat(t, redis.URL(), 0, nil), redis}
	for _, version := range versions {
		d.add(version)
	}
	return d
}

// add starts another instance, of a build.
func (d *diary) add(version string) *instance {
	d.t.Helper()
	path, err := builds[version]()
	if err != nil {
		d.t.Fatal(err)
	}
	// Between the look for a free port and its use somebody else may take it: then another one.
	for range 5 {
		var i *instance
		if i, err = d.start(path); err == nil {
			d.running = append(d.running, i)
			d.lb.Add(i.addr)
			return i
		}
	}
	d.t.Fatal(err)
	return nil
}

// start returns when the instance is ready. It ends with the test.
func (d *diary) start(path string) (*instance, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	i := &instance{addr: ln.Addr().String(), ended: make(chan struct{})}
	ln.Close()
	i.cmd = exec.Command(path, "-addr", i.addr, "-store", d.Store)
	i.cmd.Env = append(os.Environ(), "PORT=")
	i.cmd.Stdout, i.cmd.Stderr = &i.log, &i.log
	if err := i.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		i.err = i.cmd.Wait()
		close(i.ended)
	}()
	d.t.Cleanup(func() {
		i.kill()
		if d.t.Failed() {
			d.t.Logf("instance %s, %s:\n%s", i.addr, filepath.Base(path), i.log.String())
		}
	})
	return i, i.wait()
}
