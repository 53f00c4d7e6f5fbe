package compile

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"usher.chat/api/v1alpha1"
	"usher.chat/runtime/calendar"
	"usher.chat/runtime/calendar/ical"
)

// Holidays are resolved from last year on, for evenings over midnight and time zones, and far
// enough ahead that an operator that is down for long leaves the runtime with days.
const (
	HolidayYearsBack  = 1
	HolidayYearsAhead = 4
)

// HolidayFile is the result of reading a Schedule's iCalendar file: days, or why there are none.
type HolidayFile struct {
	Days []calendar.Holiday
	// Reason is one of ResolvedRefs, empty when Days stand. Message says what to change.
	Reason  string
	Message string
}

// Holidays reads the file that a Schedule names from its ConfigMap, as of a year. The ConfigMap is
// nil when there is none of that name.
func Holidays(s *v1alpha1.Schedule, cm *corev1.ConfigMap, year int) HolidayFile {
	return HolidayYears(s, cm, year-HolidayYearsBack, year+HolidayYearsAhead)
}

// HolidayYears is Holidays for the years from first to last.
func HolidayYears(s *v1alpha1.Schedule, cm *corev1.ConfigMap, first, last int) HolidayFile {
	ref := s.Spec.Holidays.ConfigMapRef
	switch {
	case cm == nil:
		return HolidayFile{Reason: v1alpha1.ReasonHolidaysNotFound, Message: fmt.Sprintf(
			"spec.holidays names the ConfigMap %q, which is not in this namespace; create it with the label %s: \"true\"", ref.Name, v1alpha1.LabelHolidays)}
	case cm.Labels[v1alpha1.LabelHolidays] != "true":
		return HolidayFile{Reason: v1alpha1.ReasonHolidaysNotLabelled, Message: fmt.Sprintf(
			"the ConfigMap %q has no label %s: \"true\", so its changes would not be noticed; add the label", ref.Name, v1alpha1.LabelHolidays)}
	}
	text, ok := cm.Data[ref.Key]
	if !ok {
		binary, found := cm.BinaryData[ref.Key]
		if !found {
			return HolidayFile{Reason: v1alpha1.ReasonHolidaysNotFound, Message: fmt.Sprintf(
				"the ConfigMap %q has no key %q; add the iCalendar file under it or name another key", ref.Name, ref.Key)}
		}
		text = string(binary)
	}
	days, err := ical.Parse(strings.NewReader(text), ical.Window{FirstYear: first, LastYear: last}, ical.Limits{})
	if err != nil {
		return HolidayFile{Reason: v1alpha1.ReasonHolidaysInvalid,
			Message: fmt.Sprintf("%s in the ConfigMap %q cannot be used: %s", ref.Key, ref.Name, err)}
	}
	return HolidayFile{Days: days}
}
