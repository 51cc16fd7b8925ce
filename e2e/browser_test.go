package e2e

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// All tests share one Chromium. Each person in them is a browser context: a profile with storage of its own, and its own cookies.
var (
	browserOnce sync.Once
	browserCtx  context.Context
	browserErr  error
	stopBrowser = func() {}
)

// browser returns the context of the Chromium that all tests share.
func browser(t testing.TB) context.Context {
	t.Helper()
	path := chromium()
	if path == "" {
		missing(t, "no Chromium on this machine; on Debian: apt-get install chromium")
	}
	browserOnce.Do(func() { browserErr = startBrowser(path) })
	if browserErr != nil {
		t.Fatalf("chromium: %v", browserErr)
	}
	return browserCtx
}

func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

func startBrowser(path string) error {
	profile, err := os.MkdirTemp("", "sojourn-chromium-")
	if err != nil {
		return err
	}
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))...)
	// What matters to a test is an error that it gets; of what chromedp only logs nothing does.
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	stopBrowser = func() {
		cancel()
		stopAllocator()
		os.RemoveAll(profile)
	}
	browserCtx = ctx
	return chromedp.Do(ctx)
}
