package clocktest_test

import (
	"testing"
	"time"

	"usher.chat/runtime/clock/clocktest"
)

func TestASteppedClockTellsAnotherTimeOfDayAndMeasuresTheSame(t *testing.T) {
	before := time.Now()
	for _, by := range []time.Duration{2 * time.Minute, -2 * time.Minute, 0} {
		now := time.Now()
		after := clocktest.Stepped(now, by)
		if got := after.UnixNano() - now.UnixNano(); got != int64(by) {
			t.Errorf("the time of day is off by %s, want %s", time.Duration(got), by)
		}
		if got, want := after.Sub(before), now.Sub(before); got != want {
			t.Errorf("with a step of %s, %s went by and not %s", by, got, want)
		}
		if got := after.Add(time.Second).UnixNano() - after.UnixNano(); got != int64(time.Second) {
			t.Errorf("a second later is %d ns later", got)
		}
	}
}
