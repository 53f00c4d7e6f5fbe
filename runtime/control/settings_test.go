package control_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"usher.chat/runtime/control"
	"usher.chat/runtime/settings"
)

func TestSettingsThatCannotBeInForceAreRefusedByName(t *testing.T) {
	p := serve(t, nil)
	c := p.operator()
	for name, test := range map[string]struct {
		body         string
		status       int
		code, within string
	}{
		"nothing":          {"", 400, "bad_request", "not JSON"},
		"not JSON":         {"desk: {name: acme}", 400, "bad_request", "not JSON"},
		"half":             {good[:40], 400, "bad_request", "not JSON"},
		"two of them":      {good + good, 400, "bad_request", "not JSON"},
		"null":             {"null", 422, "invalid_settings", "desk.name"},
		"another type":     {`{"desk":7}`, 422, "invalid_settings", "desk"},
		"an unknown field": {`{"desk":{"name":"acme"},"bots":[]}`, 422, "invalid_settings", "bots"},
		"a doubled key":    {`{"desk":{"name":"acme"},"desk":{"name":"b"}}`, 422, "invalid_settings", "desk"},
		"bad values":       {strings.Replace(good, `"whenBusy":{}`, `"whenBusy":{"offer":"Coffee"}`, 1), 422, "invalid_settings", "write Nothing or Queue"},
	} {
		if message := p.refused(c, http.MethodPut, "/control/v1/settings", test.body, test.status, test.code); !strings.Contains(message, test.within) {
			t.Errorf("%s: %q says nothing of %q", name, message, test.within)
		}
	}
	if p.desk.applied != 0 {
		t.Errorf("%d were applied", p.desk.applied)
	}
}

func TestSettingsThatAreTooLargeAreRefusedAndThePortGoesOn(t *testing.T) {
	p := serve(t, nil)
	body := io.LimitReader(endless{}, settings.MaxBytes+1)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "https://"+serverName+"/control/v1/settings", body)
	if err != nil {
		t.Fatal(err)
	}
	res, err := p.operator().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if answer, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(string(answer), `"too_large"`) {
		t.Errorf("%d %s", res.StatusCode, answer)
	}
	if status, _ := p.call(p.operator(), http.MethodPut, "/control/v1/settings", good); status != http.StatusOK {
		t.Errorf("good ones afterwards get %d", status)
	}
}

// endless is white space: JSON until it ends.
type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

func TestWhatTheDeskSaysOfSettingsIsAnswered(t *testing.T) {
	p := serve(t, nil)
	p.desk.refuse = &settings.InvalidError{Problems: []string{"they are of another desk"}}
	p.refused(p.operator(), http.MethodPut, "/control/v1/settings", good, http.StatusUnprocessableEntity, "invalid_settings")
	p.desk.refuse = errors.New("the ledger is full")
	p.refused(p.operator(), http.MethodPut, "/control/v1/settings", good, http.StatusServiceUnavailable, "unavailable")
}

func TestTheLogComesInPages(t *testing.T) {
	p := serve(t, nil)
	c := p.client("viewer", p.ca)
	status, answer := p.call(c, http.MethodGet, "/control/v1/log?queue=support&limit=2&before=100", "")
	want := `{"entries":[{"seq":99,"at":0,"queue":"support","type":"joined"},{"seq":98,"at":0,"queue":"support","type":"joined"}],"before":98}` + "\n"
	if status != http.StatusOK || answer != want {
		t.Errorf("%d %s", status, answer)
	}
	if _, answer = p.call(c, http.MethodGet, "/control/v1/log?queue=support&limit=2&before=3", ""); strings.Contains(answer, `"before"`) {
		t.Errorf("the last page names another: %s", answer)
	}
	if _, answer = p.call(c, http.MethodGet, "/control/v1/log?queue=support&before=1", ""); answer != `{"entries":[]}`+"\n" {
		t.Errorf("nothing left: %s", answer)
	}
	if _, answer = p.call(c, http.MethodGet, "/control/v1/log?queue=support", ""); strings.Count(answer, `"seq"`) != 100 {
		t.Errorf("by default %d lines", strings.Count(answer, `"seq"`))
	}
	for path, code := range map[string]string{
		"/control/v1/log?before=x": "bad_request", "/control/v1/log?queue=&limit=0": "bad_request", "/control/v1/log?queue=support&limit=0": "bad_request",
		"/control/v1/log?queue=support&limit=1001": "bad_request", "/control/v1/log?queue=support&limit=x": "bad_request",
		"/control/v1/log?queue=support&before=-1": "bad_request", "/control/v1/log?queue=support&before=99999999999999999999": "bad_request",
		"/control/v1/reports?watch=perhaps": "bad_request",
	} {
		p.refused(c, http.MethodGet, path, "", http.StatusBadRequest, code)
	}
	p.refused(c, http.MethodGet, "/control/v1/log?queue=nowhere", "", http.StatusNotFound, "not_found")
	p.refused(c, http.MethodGet, "/control/v1/log?queue=broken", "", http.StatusServiceUnavailable, "unavailable")
	p.refused(c, http.MethodGet, "/control/v2/log", "", http.StatusNotFound, "not_found")
	p.refused(p.operator(), http.MethodPost, "/control/v1/settings", good, http.StatusNotFound, "not_found")
}

func TestTheLogWithoutAQueueIsTheDesksOwn(t *testing.T) {
	p := serve(t, nil)
	for _, path := range []string{"/control/v1/log", "/control/v1/log?queue="} {
		if status, answer := p.call(p.client(control.Viewer, p.ca), http.MethodGet, path, ""); status != http.StatusOK || !strings.Contains(answer, `"type":"keysLocked"`) {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
}

func TestAConversationIsExplained(t *testing.T) {
	p := serve(t, nil)
	viewer := p.client(control.Viewer, p.ca)
	status, answer := p.call(viewer, http.MethodGet, "/control/v1/explanation?conversation=c12", "")
	if status != http.StatusOK || answer != `{"conversation":"c12","steps":[{"seq":7,"at":0,"type":"joined","text":"Maria came"}]}`+"\n" {
		t.Errorf("%d %s", status, answer)
	}
	for _, bad := range []string{"", "?conversation=", "?conversation=12", "?conversation=c", "?conversation=c1x", "?conversation=C12", "?conversation=c%2012",
		"?conversation=c1%00", "?conversation=c" + strings.Repeat("9", 100), "?conversation=%F0%9F%92%A9", "?id=c12"} {
		p.refused(viewer, http.MethodGet, "/control/v1/explanation"+bad, "", http.StatusBadRequest, "bad_request")
	}
	p.refused(viewer, http.MethodGet, "/control/v1/explanation?conversation=c999", "", http.StatusNotFound, "not_found")
	p.refused(viewer, http.MethodGet, "/control/v1/explanation?conversation=c13", "", http.StatusServiceUnavailable, "unavailable")
	p.refused(viewer, http.MethodPost, "/control/v1/explanation?conversation=c12", "", http.StatusForbidden, "not_entitled")
}
