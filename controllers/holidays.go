package controllers

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/compile"
	"usher.chat/api/v1alpha1"
)

// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get;list;watch

// holidayFiles reads iCalendar files out of ConfigMaps. Only ConfigMaps with the label
// usher.chat/holidays are watched and kept in memory: a cluster has many others.
type holidayFiles struct {
	cached client.Reader // of labelled ConfigMaps
	live   client.Reader // to find out why one is not there

	mu    sync.Mutex
	known map[holidayKey]compile.HolidayFile
}

// holidayKey names one version of one file, read for one window.
type holidayKey struct {
	uid     types.UID
	version string
	key     string
	year    int
}

func newHolidayFiles(cached, live client.Reader) *holidayFiles {
	return &holidayFiles{cached: cached, live: live, known: map[holidayKey]compile.HolidayFile{}}
}

// read a Schedule's file as of the given year. An error is one of the API server; whatever is
// wrong with the file is in the answer.
func (h *holidayFiles) read(ctx context.Context, s *v1alpha1.Schedule, year int) (compile.HolidayFile, error) {
	ref := s.Spec.Holidays.ConfigMapRef
	name := types.NamespacedName{Namespace: s.Namespace, Name: ref.Name}
	var cm corev1.ConfigMap
	if err := h.cached.Get(ctx, name, &cm); err != nil {
		if !apierrors.IsNotFound(err) {
			return compile.HolidayFile{}, fmt.Errorf("reading the config map %s: %w", name, err)
		}
		err := h.live.Get(ctx, name, &cm)
		switch {
		case apierrors.IsNotFound(err):
			return compile.Holidays(s, nil, year), nil
		case err != nil:
			return compile.HolidayFile{}, fmt.Errorf("reading the config map %s: %w", name, err)
		}
	}
	key := holidayKey{cm.UID, cm.ResourceVersion, ref.Key, year}
	h.mu.Lock()
	known, ok := h.known[key]
	h.mu.Unlock()
	if ok {
		return known, nil
	}
	file := compile.Holidays(s, &cm, year)
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
