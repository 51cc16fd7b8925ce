package storetest

import (
	"context"
	"testing"

	"github.com/sojourn-go/sojourn/store"
)

// Twice returns a store that sends every Commit to s twice, as somebody does who did not hear the first answer. It returns the first outcome, and
// fails the test if the second one is not what the contract says: a turn that was applied must not be applied again. Nothing may
// make the store forget between the two.
func Twice(t testing.TB, s store.Store) store.Store {
	w := &wrapper{Store: s}
	w.commit = func(ctx context.Context, turn store.Turn) (store.Outcome, error) {
		first, err := s.Commit(ctx, turn)
		if err != nil {
			return first, err
		}
		again, err := s.Commit(ctx, turn)
		if err != nil {
			return first, nil // what became of the second is not known, but the first is
		}
		if rule := sentAgain(turn.Cause, first, again); rule != "" {
			t.Errorf("broken rule: %s\n cause %+v\n first %+v\nsecond %+v", rule, turn.Cause, first, again)
		}
		return first, nil
	}
	return w.outside()
}

// sentAgain returns the rule that the outcome of a turn that was sent again breaks, if any. Others may have committed meanwhile.
func sentAgain(c store.Cause, first, again store.Outcome) (rule string) {
	switch {
	case first.Status == store.Applied && c.Token != "" && again.Status != store.Gone:
		return "a claim does not hold any more when its turn was applied"
	case first.Status == store.Applied && c.Token == "" && again.Status != store.Repeated,
		first.Status == store.Repeated && again.Status != store.Repeated:
		return "a message or key that was applied is Repeated"
	case first.Status == store.Gone && c.Token != "" && again.Status != store.Gone:
		return "a token that is not valid does not become valid"
	case again.Number < first.Number:
		return "a number that was applied stays applied"
	case again.Top.Offset < first.Top.Offset && !again.Top.IsZero():
		return "the top of a stream does not go back"
	}
	return ""
}
