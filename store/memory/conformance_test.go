package memory_test

import (
	"testing"

	"github.com/sojourn-go/sojourn/store/storetest"
)

func TestConformance(t *testing.T) { storetest.Run(t, storetest.Memory) }
