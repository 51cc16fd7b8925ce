package typescript

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/sojourn-go/sojourn/framework"
)

// Of writes the declarations of services, with constants as far as the go command finds their packages' source from the working directory: in
// a test, from that of its package.
func Of(services ...framework.Service) ([]byte, error) {
	return Declarations(WithConstants(context.Background(), "", framework.Describe(services)))
}

// Check compares a file with the declarations of services. With update it writes the file instead; without, one that is not the same is an error that
// says so. It is for a test, whose flag -update is update.
func Check(file string, update bool, services ...framework.Service) error {
	want, err := Of(services...)
	if err != nil {
		return err
	}
	got, err := os.ReadFile(file) //nolint:gosec // the test says which
	switch {
	case err == nil && bytes.Equal(got, want):
		return nil
	case update:
		return os.WriteFile(file, want, 0o644) //nolint:gosec // a source file
	case err != nil:
		return fmt.Errorf("typescript: %w: run the test with -update", err)
	}
	return fmt.Errorf("typescript: %s is not what the services are: run the test with -update", file)
}
