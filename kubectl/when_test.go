package kubectl

import (
	"testing"
	"time"
)

func in(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestMomentsAreReadAsPeopleWriteThem(t *testing.T) {
	// Now is Saturday 2026-11-21, 12:00 in Helsinki.
	for _, c := range []struct {
		text, zone string
		way        toward
		want       string
	}{
		{"2026-11-30T18:00:00Z", "Europe/Helsinki", ahead, "2026-11-30T18:00:00Z"},
		{"2026-11-30T18:00:00+02:00", "UTC", ahead, "2026-11-30T16:00:00Z"},
		{"2026-11-30T18:00", "Europe/Helsinki", ahead, "2026-11-30T16:00:00Z"},
		{"2026-11-30 18:00:30", "Europe/Helsinki", ahead, "2026-11-30T16:00:30Z"},
		{"2026-11-30", "Europe/Helsinki", ahead, "2026-11-29T22:00:00Z"},
		{"18:00", "Europe/Helsinki", ahead, "2026-11-21T16:00:00Z"},
		{"12:00", "Europe/Helsinki", ahead, "2026-11-22T10:00:00Z"},
		{"11:00", "Europe/Helsinki", ahead, "2026-11-22T09:00:00Z"},
		{"24:00", "Europe/Helsinki", ahead, "2026-11-21T22:00:00Z"},
		{"11:00", "Europe/Helsinki", nearest, "2026-11-21T09:00:00Z"},
		{"11:00", "Europe/Helsinki", back, "2026-11-21T09:00:00Z"},
		{"12:00", "Europe/Helsinki", back, "2026-11-21T10:00:00Z"},
		{"13:00", "Europe/Helsinki", back, "2026-11-20T11:00:00Z"},
		{"today 18:00", "Europe/Helsinki", ahead, "2026-11-21T16:00:00Z"},
		{"tomorrow 08:00", "Europe/Helsinki", ahead, "2026-11-22T06:00:00Z"},
		{"Tomorrow", "Europe/Helsinki", ahead, "2026-11-21T22:00:00Z"},
		{"yesterday 08:00", "Europe/Helsinki", back, "2026-11-20T06:00:00Z"},
		{"mon 08:00", "Europe/Helsinki", ahead, "2026-11-23T06:00:00Z"},
		{"Monday 08:00", "Europe/Helsinki", back, "2026-11-16T06:00:00Z"},
		{"sat 11:00", "Europe/Helsinki", ahead, "2026-11-28T09:00:00Z"},
		{"sat 13:00", "Europe/Helsinki", ahead, "2026-11-21T11:00:00Z"},
		{"sat", "Europe/Helsinki", back, "2026-11-20T22:00:00Z"},
		{"now", "Europe/Helsinki", nearest, "2026-11-21T10:00:00Z"},
		{"18:00", "Asia/Kathmandu", ahead, "2026-11-21T12:15:00Z"},
		{"18:00", "America/New_York", ahead, "2026-11-21T23:00:00Z"},
		// Spring skips 03:00 to 04:00 in Helsinki: the moment of the jump. Autumn repeats it: the first.
		{"2027-03-28T03:30", "Europe/Helsinki", ahead, "2027-03-28T01:00:00Z"},
		{"2027-10-31T03:30", "Europe/Helsinki", ahead, "2027-10-31T00:30:00Z"},
		{"2027-03-28", "Europe/Helsinki", ahead, "2027-03-27T22:00:00Z"},
		// A zone in which the day begins at one o'clock, and one that left out a day.
		{"2018-11-04", "America/Sao_Paulo", nearest, "2018-11-04T03:00:00Z"},
		{"2011-12-30T12:00", "Pacific/Apia", nearest, "2011-12-30T10:00:00Z"},
	} {
		got, err := parseWhen(c.text, morning, in(t, c.zone), c.way)
		if err != nil {
			t.Errorf("%q in %s: %v", c.text, c.zone, err)
			continue
		}
		if got.UTC().Format(time.RFC3339) != c.want {
			t.Errorf("%q in %s is %s, not %s", c.text, c.zone, got.UTC().Format(time.RFC3339), c.want)
		}
	}
}

func TestInTheHourThatAutumnRepeatsTheNextReadingIsTaken(t *testing.T) {
	zone := in(t, "Europe/Helsinki")
	now := time.Date(2027, 10, 31, 0, 45, 0, 0, time.UTC) // 03:45, the first time
	got, err := parseWhen("03:30", now, zone, ahead)
	if err != nil || !got.Equal(time.Date(2027, 10, 31, 1, 30, 0, 0, time.UTC)) {
		t.Errorf("ahead: %v %v", got, err)
	}
	now = now.Add(time.Hour) // 03:45, the second time
	got, err = parseWhen("03:30", now, zone, back)
	if err != nil || !got.Equal(time.Date(2027, 10, 31, 1, 30, 0, 0, time.UTC)) {
		t.Errorf("back: %v %v", got, err)
	}
}

func TestWhatIsNoMomentIsRefused(t *testing.T) {
	for _, text := range []string{"", " ", "soon", "25:00", "24:01", "8", "08.00", "2026-02-30", "2026-13-01", "tomorrow 25:00", "someday 08:00",
		"0001-01-01", "9999-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "18:00 tomorrow", "2026-11-30T18:00+02:00x"} {
		if got, err := parseWhen(text, morning, time.UTC, ahead); err == nil {
			t.Errorf("%q is %v", text, got)
		} else if ExitCode(err) != ExitUsage {
			t.Errorf("%q: %T", text, err)
		}
	}
}

func TestLengthsOfTime(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"2h": 2 * time.Hour, "90m": 90 * time.Minute, "1h30m": 90 * time.Minute, "3d": 72 * time.Hour, "0.5d": 12 * time.Hour, "1s": time.Second, "366d": mostFor,
	} {
		if got, err := parseFor(text); err != nil || got != want {
			t.Errorf("%q: %v %v", text, got, err)
		}
	}
	for _, text := range []string{"", "2", "d", "-1h", "0s", "1ms", "367d", "9000h", "NaNd", "infd", "-1d", "1d2h", "soon"} {
		if got, err := parseFor(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestAMomentIsToldNearNow(t *testing.T) {
	z := zone{Location: in(t, "Europe/Helsinki")}
	for text, want := range map[string]string{
		"2026-11-21T12:30:00Z": "14:30 (EET)",
		"2026-11-21T12:30:05Z": "14:30:05 (EET)",
		"2026-11-21T22:00:00Z": "tomorrow 00:00 (EET)",
		"2026-11-20T06:00:00Z": "yesterday 08:00 (EET)",
		"2026-11-30T06:00:00Z": "Mon 30 Nov 08:00 (EET)",
		"2027-06-30T06:00:00Z": "Wed 30 Jun 2027 09:00 (EEST)",
	} {
		if got := z.moment(stamp(text).Time, morning); got != want {
			t.Errorf("%s is told as %q, not %q", text, got, want)
		}
	}
	for name, want := range map[string]string{"Asia/Kathmandu": "UTC+05:45", "America/Sao_Paulo": "UTC-03:00", "UTC": "UTC"} {
		if got := (zone{Location: in(t, name)}).abbreviation(morning); got != want {
			t.Errorf("%s is called %s", name, got)
		}
	}
}

func FuzzParseWhen(f *testing.F) {
	for _, text := range []string{"18:00", "tomorrow 08:00", "2026-11-30T18:00", "2026-11-30T18:00:00+02:00", "fri", "24:00", "now", "2027-03-28 03:30"} {
		f.Add(text, int64(0), uint8(0))
	}
	zones := []*time.Location{in(f, "Europe/Helsinki"), in(f, "Australia/Lord_Howe"), in(f, "Pacific/Apia"), time.UTC}
	f.Fuzz(func(t *testing.T, text string, shift int64, pick uint8) {
		zone := zones[int(pick)%len(zones)]
		now := morning.Add(time.Duration(shift%(20*365*24*3600)) * time.Second)
		got, err := parseWhen(text, now, zone, ahead)
		if err != nil {
			if ExitCode(err) != ExitUsage {
				t.Fatalf("%q: %T", text, err)
			}
			return
		}
		// What was read is read the same when it is written in full.
		again, err := parseWhen(got.UTC().Format(time.RFC3339Nano), now, zone, ahead)
		if err != nil || !again.Equal(got) {
			t.Fatalf("%q is %v, which is read as %v (%v)", text, got, again, err)
		}
		if _, ok := clockTime(text); ok && (!got.After(now) || got.Sub(now) > 50*time.Hour) {
			t.Fatalf("%q from %v is %v", text, now, got)
		}
	})
}

func FuzzParseFor(f *testing.F) {
	for _, text := range []string{"2h", "3d", "1h30m", "0.1d", "NaNd", "1e300d"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := parseFor(text); err == nil && (d < time.Second || d > mostFor) {
			t.Fatalf("%q is %v", text, d)
		}
	})
}
