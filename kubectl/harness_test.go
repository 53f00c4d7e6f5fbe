package kubectl

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/apitest"
	"usher.chat/api/v1alpha1"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { os.Exit(apitest.Main(m)) }

// morning of a Saturday: noon in Helsinki.
var morning = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// plugin runs commands as a user against a real API server.
type plugin struct {
	t         *testing.T
	namespace string
	config    *rest.Config // nil: no cluster at all
	now       func() time.Time
	local     *time.Location
	width     int
	stdin     string
	tunnel    func(context.Context, *cluster) (tunnel, error)
	client.WithWatch
}

// onCluster is a plugin of a user who may do anything, in a namespace of its own.
func onCluster(t *testing.T) *plugin {
	t.Helper()
	noKubeconfig(t)
	return &plugin{
		t: t, namespace: apitest.Namespace(t), config: apitest.Config(t), WithWatch: apitest.Client(t),
		now: func() time.Time { return morning }, local: time.UTC, tunnel: portForward,
	}
}

// noKubeconfig keeps what the machine knows of clusters out of a test.
func noKubeconfig(t *testing.T) {
	t.Helper()
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
}

// offline is a plugin without any cluster.
func offline(t *testing.T) *plugin {
	t.Helper()
	noKubeconfig(t)
	return &plugin{t: t, namespace: "acme", now: func() time.Time { return morning }, local: time.UTC}
}

// as another user.
func (p *plugin) as(config *rest.Config) *plugin {
	other := *p
	other.config = config
	return &other
}

// result of a command.
type result struct {
	t        *testing.T
	args     string
	out, err string
	code     int
}

func (p *plugin) run(args ...string) result {
	p.t.Helper()
	return p.runContext(context.Background(), args...)
}

func (p *plugin) runContext(ctx context.Context, args ...string) result {
	p.t.Helper()
	var out, errOut bytes.Buffer
	code := p.start(ctx, genericiooptions.IOStreams{In: strings.NewReader(p.stdin), Out: &out, ErrOut: &errOut}, args...)
	return result{p.t, strings.Join(args, " "), out.String(), errOut.String(), code}
}

func (p *plugin) start(ctx context.Context, streams genericiooptions.IOStreams, args ...string) int {
	e := newEnv(streams, "test")
	e.now, e.local, e.width, e.tunnel = p.now, p.local, func() int { return p.width }, p.tunnel
	at := 0
	if args[0] == "__complete" { // kubectl puts nothing before it
		at = 1
	}
	args = slices.Insert(slices.Clone(args), at, "-n", p.namespace)
	if p.config != nil {
		host := p.config.Host // a flag writes to it
		e.flags.APIServer = &host
		e.flags.WrapConfigFn = func(*rest.Config) *rest.Config { return rest.CopyConfig(p.config) }
	}
	c := e.command()
	c.SetArgs(args)
	return run(ctx, c, streams.ErrOut)
}

// done fails unless the command did what it was asked for.
func (r result) done() result {
	r.t.Helper()
	return r.ends(ExitDone)
}

func (r result) ends(code int) result {
	r.t.Helper()
	if r.code != code {
		r.t.Fatalf("%s: exit code %d, not %d\n%s%s", r.args, r.code, code, r.out, r.err)
	}
	return r
}

// says fails unless the output, or the words about an error, are exactly these.
func (r result) says(want string) result {
	r.t.Helper()
	got := r.out
	if r.code != ExitDone {
		got = r.err
	}
	if got != want {
		r.t.Fatalf("%s says\n%s\nnot\n%s", r.args, got, want)
	}
	return r
}

// names fails unless every part is somewhere in the output or the errors.
func (r result) names(parts ...string) result {
	r.t.Helper()
	for _, part := range parts {
		if !strings.Contains(r.out+r.err, part) {
			r.t.Fatalf("%s does not name %q:\n%s%s", r.args, part, r.out, r.err)
		}
	}
	return r
}

func (r result) golden(name string) result {
	r.t.Helper()
	golden(r.t, name, r.out)
	return r
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -update writes it anew):\n%s\nnot\n%s", path, got, want)
	}
}

// desk of two queues, as a GitOps controller applies it.
const desk = `
kind: Schedule
metadata: {name: office}
spec:
  timeZone: Europe/Helsinki
  weekly:
  - {days: [Mon, Tue, Wed, Thu, Fri], periods: [{start: "08:00", end: "12:00"}, {start: "13:00", end: "18:00"}]}
---
kind: Queue
metadata: {name: support}
spec: {scheduleRef: {name: office}, displayName: Customer support}
---
kind: Queue
metadata: {name: billing}
spec: {}
`

func (p *plugin) apply(manager, text string) {
	p.t.Helper()
	if err := apitest.Apply(p.WithWatch, p.namespace, manager, text); err != nil {
		p.t.Fatal(err)
	}
}

func (p *plugin) queue(name string) *v1alpha1.Queue {
	p.t.Helper()
	var q v1alpha1.Queue
	if err := p.Get(context.Background(), client.ObjectKey{Namespace: p.namespace, Name: name}, &q); err != nil {
		p.t.Fatal(err)
	}
	return &q
}

func (p *plugin) whoami() string {
	return (&cluster{WithWatch: p.WithWatch}).whoami(context.Background())
}

func stamp(text string) metav1.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return metav1.NewTime(t)
}

func isCLI(entry metav1.ManagedFieldsEntry) bool { return entry.Manager == v1alpha1.FieldManagerCLI }
