package kubectl

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

// Names that the operator gives in the namespace of a desk (controllers/specs).
const (
	secretViewer = "usher-viewer"  // the client certificate that may read
	secretSignIn = "usher-sign-in" // the key that signs sign-in links
	keySignIn    = "key"
	controlName  = "usher-control" // with .NAMESPACE.svc the name in the runtime's certificate
	controlPort  = 8443
)

// Bounds of what a runtime is given.
const (
	answerWithin = 15 * time.Second // an answer that is not a stream
	silentAtMost = 40 * time.Second // a stream says something every 15 s
	maxLine      = 16 << 20
	maxPage      = 1000 // lines of the log in one request
)

// tunnel brings connections to the control port of one runtime pod.
type tunnel interface {
	Dial(ctx context.Context) (net.Conn, error)
	Close()
}

// controlClient speaks to the control port of a desk's runtime, which authenticates it by the viewer's
// certificate, and is authenticated by the desk's own authority: whoever could stand in between, on this
// machine or in the API server, cannot read along.
type controlClient struct {
	desk   string
	http   *http.Client
	tunnel tunnel
	// answered says that the runtime was reached and did what was asked for, once at least.
	answered atomic.Bool
}

// runtime opens the way to the runtime of the cluster's namespace.
func (c *cluster) runtime(ctx context.Context) (*controlClient, error) {
	config, err := c.viewer(ctx)
	if err != nil {
		return nil, err
	}
	return c.open(ctx, config)
}

// open the way to a pod of the runtime, with a client certificate.
func (c *cluster) open(ctx context.Context, config *tls.Config) (*controlClient, error) {
	way, err := c.env.tunnel(ctx, c)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return way.Dial(ctx) },
		TLSClientConfig:     config,
		TLSHandshakeTimeout: answerWithin,
	}
	return &controlClient{desk: c.namespace, http: &http.Client{Transport: transport}, tunnel: way}, nil
}

// Close ends the connections.
func (c *controlClient) Close() {
	c.http.CloseIdleConnections()
	c.tunnel.Close()
}

// viewer reads the certificate with which one may read figures and log.
func (c *cluster) viewer(ctx context.Context) (*tls.Config, error) {
	return c.certificate(ctx, secretViewer, "live figures and the log need")
}

// certificate reads a client certificate of the desk; who needs it is for those who may not have it.
func (c *cluster) certificate(ctx context.Context, name, needs string) (*tls.Config, error) {
	var secret corev1.Secret
	err := c.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: name}, &secret)
	switch {
	case apierrors.IsNotFound(err):
		return nil, &advised{err: err, what: fmt.Sprintf(
			"there is no Secret %s in namespace %s: the operator makes it when the namespace has its first Queue; see \"kubectl get queues.usher.chat -n %s\", and whether the operator runs",
			name, c.namespace, c.namespace)}
	case apierrors.IsForbidden(err):
		return nil, &advised{err: err, what: fmt.Sprintf(
			"you may not read the Secret %s in namespace %s, which %s; ask for \"get\" on that secret, and \"create\" on pods/portforward (status and explain need neither)",
			name, c.namespace, needs)}
	case err != nil:
		return nil, advise(err, "read the Secret "+name)
	}
	broken := func(err error) error {
		return &advised{err: err, what: fmt.Sprintf("the Secret %s in namespace %s holds no usable certificate (%v); delete it, and the operator makes it anew", name, c.namespace, err)}
	}
	pair, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return nil, broken(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(secret.Data["ca.crt"]) {
		return nil, broken(errors.New("ca.crt has no authority"))
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair}, RootCAs: roots,
		ServerName: controlName + "." + c.namespace + ".svc",
	}, nil
}

// get asks for one address and hands the answer on. The caller closes it.
func (c *controlClient) get(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
	return c.ask(ctx, http.MethodGet, path, query, nil)
}

// read asks for one address and takes the answer as JSON.
func (c *controlClient) read(ctx context.Context, path string, query url.Values, into any) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	body, err := c.get(ctx, path, query)
	if err != nil {
		return err
	}
	defer shut(body)
	if err := json.NewDecoder(io.LimitReader(body, maxLine)).Decode(into); err != nil {
		return c.lost(err)
	}
	return nil
}

// ask asks for something and hands the answer on. The caller closes it.
func (c *controlClient) ask(ctx context.Context, method, path string, query url.Values, body io.Reader) (io.ReadCloser, error) {
	address := url.URL{Scheme: "https", Host: controlName, Path: "/control/v1/" + path, RawQuery: query.Encode()}
	request, err := http.NewRequestWithContext(ctx, method, address.String(), body)
	if err != nil {
		return nil, fmt.Errorf("could not ask the runtime: %w", err)
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, c.lost(err)
	}
	if answer.StatusCode == http.StatusOK {
		c.answered.Store(true)
		return answer.Body, nil
	}
	defer shut(answer.Body)
	var told protocol.ErrorBody
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&told); err != nil || told.Error.Message == "" {
		return nil, fmt.Errorf("the runtime of %s answered with status %d", c.desk, answer.StatusCode)
	}
	return nil, &refusal{status: answer.StatusCode, message: clean(told.Error.Message)}
}

// shut what was read; how that ends says nothing any more.
func shut(c io.Closer) { _ = c.Close() }

// refusal is the runtime's own no.
type refusal struct {
	status  int
	message string
}

func (e *refusal) Error() string { return "the runtime says: " + e.message }

// lost puts an error of the connection into words.
func (c *controlClient) lost(err error) error {
	var unknown x509.UnknownAuthorityError
	var expired x509.CertificateInvalidError
	var name x509.HostnameError
	if errors.As(err, &unknown) || errors.As(err, &expired) || errors.As(err, &name) {
		return &advised{err: err, what: fmt.Sprintf(
			"the runtime of %s shows a certificate that does not go with the Secret %s (%v); a renewal takes a minute to reach the pod: try again", c.desk, secretViewer, err)}
	}
	return &advised{err: err, what: fmt.Sprintf("the connection to the runtime of %s failed (%v)", c.desk, err)}
}

// log reads one page of a queue's log, the newest first; before 0 begins at the end.
func (c *controlClient) log(ctx context.Context, queue string, before uint64, limit int) (page protocol.LogPage, err error) {
	query := url.Values{"queue": {queue}, "limit": {strconv.Itoa(limit)}}
	if before > 0 {
		query.Set("before", strconv.FormatUint(before, 10))
	}
	err = c.read(ctx, "log", query, &page)
	return page, err
}

// report asks for the figures of now.
func (c *controlClient) report(ctx context.Context) (report settings.Report, err error) {
	err = c.read(ctx, "reports", url.Values{"watch": {"false"}}, &report)
	return report, err
}

// reports hands on each report as it comes, until the context ends, the stream does, or take returns an
// error. A stream that says nothing for too long is taken for dead.
func (c *controlClient) reports(ctx context.Context, take func(settings.Report) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	silence := watchSilence(cancel)
	defer silence.Stop()
	body, err := c.get(ctx, "reports", nil)
	if err != nil {
		return err
	}
	defer shut(body)
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	for lines.Scan() {
		silence.Reset(silentAtMost)
		var report settings.Report
		if err := json.Unmarshal(lines.Bytes(), &report); err != nil {
			return fmt.Errorf("could not read a report of the runtime: %w", err)
		}
		if err := take(report); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return c.lost(err)
	}
	return c.lost(io.ErrUnexpectedEOF)
}

// watchSilence calls off what has said nothing for too long; reset it with each word.
func watchSilence(cancel context.CancelFunc) *time.Timer { return time.AfterFunc(silentAtMost, cancel) }
