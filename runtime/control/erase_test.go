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
