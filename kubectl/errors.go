package kubectl

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
)

// Exit codes.
const (
	ExitDone    = 0
	ExitFailed  = 1
	ExitUsage   = 2 // used wrongly: nothing was tried
	ExitTimeout = 3 // done, but --wait waited in vain
)

// ExitCode is what a shell is told of an error of a command.
func ExitCode(err error) int {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		code := ExitDone
		for _, one := range several.Unwrap() {
			// What was not done weighs more than what was not seen done.
			if c := ExitCode(one); code == ExitDone || code == ExitTimeout && c != ExitDone {
				code = c
			}
		}
		return code
	}
	var usage *UsageError
	var timeout *TimeoutError
	switch {
	case err == nil:
		return ExitDone
	case errors.As(err, &usage):
		return ExitUsage
	case errors.As(err, &timeout):
		return ExitTimeout
	}
	return ExitFailed
}

// UsageError is a command that was written wrongly.
type UsageError struct{ Message string }

func (e *UsageError) Error() string { return e.Message }

func usagef(format string, args ...any) error {
	return &UsageError{Message: fmt.Sprintf(format, args...)}
}

// TimeoutError is a --wait that ended before what it waited for was so.
type TimeoutError struct{ Message string }

func (e *TimeoutError) Error() string { return e.Message }

// advised is an error with what to do about it.
type advised struct {
	what string
	err  error // may be nil
}

func (e *advised) Error() string { return e.what }
func (e *advised) Unwrap() error { return e.err }

// advise puts an error of the API server into words that say what to do. Doing is what was tried, as
// in "read the queues of namespace acme".
func advise(err error, doing string) error {
	if err == nil {
		return nil
	}
	var status apierrors.APIStatus
	var unreachable *url.Error
	var network net.Error
	say := func(format string, args ...any) error {
		return &advised{what: fmt.Sprintf(format, args...), err: err}
	}
	switch {
	case clientcmd.IsEmptyConfig(err):
		return say("could not %s: no cluster is configured; set KUBECONFIG, or give --kubeconfig or --context", doing)
	case isNotInstalled(err):
		return say("could not %s: this cluster does not know Usher's resources; install them with \"kubectl apply -k config/default\", or choose another cluster with --context", doing)
	case apierrors.IsForbidden(err):
		return say("could not %s: you are not allowed to (%s); ask whoever gives rights in this cluster, and see \"kubectl auth can-i --list\"", doing, message(err))
	case apierrors.IsUnauthorized(err):
		return say("could not %s: the cluster does not accept your credentials; sign in again, or choose others with --context or --user", doing)
	case errors.As(err, &status):
		return say("could not %s: %s", doing, message(err))
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return say("could not %s: the API server did not answer in time; see whether \"kubectl version\" does, and --request-timeout", doing)
	case errors.As(err, &unreachable):
		host := unreachable.URL
		if u, bad := url.Parse(unreachable.URL); bad == nil {
			host = u.Host
		}
		return say("could not %s: the API server at %s cannot be reached (%v); check the cluster and --context", doing, host, unreachable.Err)
	}
	return fmt.Errorf("could not %s: %w", doing, err)
}

// isNotInstalled tells a resource that the server does not know from an object that is not there: the
// answer to the first is no Status of the API, or names no object.
func isNotInstalled(err error) bool {
	var status apierrors.APIStatus
	if !apierrors.IsNotFound(err) || !errors.As(err, &status) {
		return false
	}
	details := status.Status().Details
	return details == nil || details.Name == "" ||
		slices.ContainsFunc(details.Causes, func(c metav1.StatusCause) bool { return c.Type == metav1.CauseTypeUnexpectedServerResponse })
}

func message(err error) string {
	var status apierrors.APIStatus
	if errors.As(err, &status) && status.Status().Message != "" {
		return status.Status().Message
	}
	return err.Error()
}

// list puts names into words: "a", "a and b", "a, b and c".
func list(names []string) string {
	switch len(names) {
	case 0:
		return "none"
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
