package controllers

import (
	"context"
	"fmt"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/v1alpha1"
	"usher.chat/runtime/calendar/ical"
)

// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get;list;watch

// Holidays are resolved from last year on, for evenings over midnight and time zones, and far
// enough ahead that an operator that is down for long leaves the runtime with days.
const (
	holidayYearsBack  = 1
	holidayYearsAhead = 4
)

// holidayFiles reads iCalendar files out of ConfigMaps. Only ConfigMaps with the label
// usher.chat/holidays are watched and kept in memory: a cluster has many others.
type holidayFiles struct {
	cached client.Reader // of labelled ConfigMaps
	live   client.Reader // to find out why one is not there

	mu    sync.Mutex
	known map[holidayKey]HolidayFile
}

// holidayKey names one version of one file, read for one window.
type holidayKey struct {
	uid     types.UID
	version string
	key     string
	year    int
}

func newHolidayFiles(cached, live client.Reader) *holidayFiles {
	return &holidayFiles{cached: cached, live: live, known: map[holidayKey]HolidayFile{}}
}

// read a Schedule's file as of the given year. An error is one of the API server; whatever is
// wrong with the file is in the answer.
func (h *holidayFiles) read(ctx context.Context, s *v1alpha1.Schedule, year int) (HolidayFile, error) {
	ref := s.Spec.Holidays.ConfigMapRef
	name := types.NamespacedName{Namespace: s.Namespace, Name: ref.Name}
	var cm corev1.ConfigMap
	if err := h.cached.Get(ctx, name, &cm); err != nil {
		if !apierrors.IsNotFound(err) {
			return HolidayFile{}, fmt.Errorf("reading the config map %s: %w", name, err)
		}
		err := h.live.Get(ctx, name, &cm)
		switch {
		case apierrors.IsNotFound(err):
			return HolidayFile{Reason: v1alpha1.ReasonHolidaysNotFound, Message: fmt.Sprintf(
				"spec.holidays names the ConfigMap %q, which is not in this namespace; create it with the label %s: \"true\"", ref.Name, v1alpha1.LabelHolidays)}, nil
		case err != nil:
			return HolidayFile{}, fmt.Errorf("reading the config map %s: %w", name, err)
		case cm.Labels[v1alpha1.LabelHolidays] != "true":
			return HolidayFile{Reason: v1alpha1.ReasonHolidaysNotLabelled, Message: fmt.Sprintf(
				"the ConfigMap %q has no label %s: \"true\", so its changes would not be noticed; add the label", ref.Name, v1alpha1.LabelHolidays)}, nil
		}
	}
	text, ok := cm.Data[ref.Key]
	if !ok {
		binary, found := cm.BinaryData[ref.Key]
		if !found {
			return HolidayFile{Reason: v1alpha1.ReasonHolidaysNotFound, Message: fmt.Sprintf(
				"the ConfigMap %q has no key %q; add the iCalendar file under it or name another key", ref.Name, ref.Key)}, nil
		}
		text = string(binary)
	}
	key := holidayKey{cm.UID, cm.ResourceVersion, ref.Key, year}
	h.mu.Lock()
	known, ok := h.known[key]
	h.mu.Unlock()
	if ok {
		return known, nil
	}
	file := HolidayFile{}
	days, err := ical.Parse(strings.NewReader(text), ical.Window{FirstYear: year - holidayYearsBack, LastYear: year + holidayYearsAhead}, ical.Limits{})
	if err != nil {
		file.Reason = v1alpha1.ReasonHolidaysInvalid
		file.Message = fmt.Sprintf("%s in the ConfigMap %q cannot be used: %s", ref.Key, ref.Name, err)
	} else {
		file.Days = days
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for old := range h.known { // earlier versions of the same file
		if old.uid == key.uid && old.key == key.key {
			delete(h.known, old)
		}
	}
	h.known[key] = file
	return file, nil
}
