package storetest

import "testing"

func TestMemoryAgainstItself(t *testing.T) { RunAgainst(t, Memory, Memory) }
