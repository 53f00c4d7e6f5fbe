package kubectl

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"usher.chat/api/apitest"
)

// elsewhere asks a real API server for a group that it does not have.
type elsewhere struct{ next http.RoundTripper }

func (e elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Path = strings.ReplaceAll(r.URL.Path, "usher.chat/v1alpha1", "nowhere.example/v1")
	return e.next.RoundTrip(r)
}

func TestAClusterWithoutTheResourcesIsToldFromOneWithoutTheQueue(t *testing.T) {
	p := onCluster(t)
	config := apitest.Config(t)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return elsewhere{next} })
	p = p.as(config)
	for _, args := range [][]string{{"status"}, {"close", "support"}, {"explain", "support"}, {"schedule", "preview", "office"}, {"sign-in-link", "ana"}} {
		p.run(args...).ends(ExitFailed).names("this cluster does not know Usher's resources; install them with \"kubectl apply -k config/default\"")
	}
}

func TestAServerThatCannotBeReachedIsNamed(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	p := offline(t)
	p.config = &rest.Config{Host: gone.URL}
	p.run("status").ends(ExitFailed).names("the API server at "+strings.TrimPrefix(gone.URL, "http://")+" cannot be reached", "connection refused")

	release := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer silent.Close()
	defer close(release)
	p.config = &rest.Config{Host: silent.URL, Timeout: 300 * time.Millisecond}
	p.run("status").ends(ExitFailed).names("did not answer in time")
}

func TestCredentialsThatAreNotAcceptedAreTold(t *testing.T) {
	p := onCluster(t)
	config := rest.AnonymousClientConfig(apitest.Config(t))
	config.BearerToken = "nonsense"
	p.as(config).run("status").ends(ExitFailed).names("the cluster does not accept your credentials; sign in again")
}

func TestTheExitCodeOfSeveralErrorsIsTheWorst(t *testing.T) {
	timeout, failed, usage := &TimeoutError{"late"}, errors.New("no"), &UsageError{"what?"}
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, ExitDone}, {failed, ExitFailed}, {usage, ExitUsage}, {timeout, ExitTimeout}, {fmt.Errorf("close: %w", timeout), ExitTimeout},
		{errors.Join(timeout, timeout), ExitTimeout}, {errors.Join(timeout, failed), ExitFailed}, {errors.Join(failed, timeout), ExitFailed},
	} {
		if got := ExitCode(c.err); got != c.want {
			t.Errorf("%v: %d, not %d", c.err, got, c.want)
		}
	}
}
