package control_test

import (
	"net/http"
	"strings"
	"testing"

	"usher.chat/runtime/control"
)

func TestOnlyTheOperatorErasesAndEachRefusalHasItsCode(t *testing.T) {
	p := serve(t, nil)
	for body, want := range map[string]struct {
		status int
		says   string
	}{
		`{"conversation": "c2", "reason": "asked for"}`: {http.StatusOK, `"conversations":["c2"]`},
		`{"conversation": "c1"}`:                        {http.StatusConflict, "still_open"},
		`{"conversation": "c1", "end": true}`:           {http.StatusOK, `"done":true`},
		`{"conversation": "c3"}`:                        {http.StatusNotFound, "not_found"},
		`{"conversation": "c5"}`:                        {http.StatusServiceUnavailable, "unavailable"},
		`{"conversation": "../c1"}`:                     {http.StatusBadRequest, "bad_request"},
		`{"conversation": "c2", "only": "a dry run"}`:   {http.StatusBadRequest, "bad_request"},
		`not JSON`: {http.StatusBadRequest, "bad_request"},
		`{"reason": "` + strings.Repeat("x", 20000) + `"}`: {http.StatusRequestEntityTooLarge, "too_large"},
	} {
		if status, answer := p.call(p.operator(), http.MethodPost, "/control/v1/erasures", body); status != want.status || !strings.Contains(answer, want.says) {
			t.Errorf("%.60s: %d %s; want %d %s", body, status, answer, want.status, want.says)
		}
	}
	viewer := p.client(control.Viewer, p.ca)
	if status, answer := p.call(viewer, http.MethodPost, "/control/v1/erasures", `{"conversation": "c2"}`); status != http.StatusForbidden {
		t.Errorf("a viewer gets %d %s", status, answer)
	}
}

func TestWhatWasErasedIsListedForWhoMayReadAndErasedAgainByTheOperatorAlone(t *testing.T) {
	p := serve(t, nil)
	viewer := p.client(control.Viewer, p.ca)
	for query, want := range map[string]struct {
		status int
		says   string
	}{
		"":           {http.StatusOK, `"conversation":"c2","began":1,"beganAt":7`},
		"?after=12":  {http.StatusOK, `"next":13`},
		"?after=-1":  {http.StatusBadRequest, "after: "},
		"?after=ten": {http.StatusBadRequest, "after: "},
		"?after=5":   {http.StatusServiceUnavailable, "unavailable"},
	} {
		if status, answer := p.call(viewer, http.MethodGet, "/control/v1/erasures"+query, ""); status != want.status || !strings.Contains(answer, want.says) {
			t.Errorf("%q: %d %s; want %d %s", query, status, answer, want.status, want.says)
		}
	}
	for body, want := range map[string]struct {
		status int
		says   string
	}{
		`{"erased": [{"conversation": "c2", "began": 1, "beganAt": 7}]}`: {http.StatusOK, `"conversations":["c2"]`},
		`{"erased": []}`:                                     {http.StatusBadRequest, "nothing is named"},
		`{"erased": [{"conversation": "c2"}]}`:               {http.StatusBadRequest, "where it began"},
		`{"erased": [{"conversation": "../c", "began": 1}]}`: {http.StatusBadRequest, "where it began"},
		`{"conversation": "c2"}`:                             {http.StatusBadRequest, "bad_request"},
		`{"reason": "` + strings.Repeat("x", 600<<10) + `"}`: {http.StatusRequestEntityTooLarge, "too_large"},
	} {
		if status, answer := p.call(p.operator(), http.MethodPost, "/control/v1/erasures/again", body); status != want.status || !strings.Contains(answer, want.says) {
			t.Errorf("%.60s: %d %s; want %d %s", body, status, answer, want.status, want.says)
		}
	}
	if status, answer := p.call(viewer, http.MethodPost, "/control/v1/erasures/again", `{"erased": []}`); status != http.StatusForbidden {
		t.Errorf("a viewer gets %d %s", status, answer)
	}
}
