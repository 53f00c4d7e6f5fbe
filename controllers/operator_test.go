package controllers_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/yaml"

	"usher.chat/api/apitest"
	"usher.chat/api/v1alpha1"
	"usher.chat/controllers"
	"usher.chat/controllers/runtimeclient/runtimetest"
	"usher.chat/controllers/specs"
)

// patience is how long a test waits for what takes milliseconds.
const patience = time.Minute

var ctx = context.Background()

func TestMain(m *testing.M) {
	ctrllog.SetLogger(logr.Discard())
	os.Exit(apitest.Main(m, func() error {
		if operator.stop == nil {
			return nil
		}
		operator.stop()
		return <-operator.stopped
	}))
}

// operator is the one under test. It acts as a user who has exactly the roles of config/rbac.
var operator struct {
	once    sync.Once
	config  *rest.Config
	clock   *movableClock
	writes  writeLog
	dials   sync.Map // desk -> whatever has its control port
	stop    context.CancelFunc
	stopped chan error
	log     logr.Logger
}

// movableClock is the machine's, moved by a test.
type movableClock struct {
	clock.RealClock
	mu    sync.Mutex
	ahead time.Duration
}

func (c *movableClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *movableClock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

func (c *movableClock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// reset brings it back to the machine's.
func (c *movableClock) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead = 0
}

// writeLog notes what the operator sends to change something.
type writeLog struct {
	mu   sync.Mutex
	list []string
}

func (w *writeLog) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodGet {
			w.mu.Lock()
			w.list = append(w.list, r.Method+" "+r.URL.Path)
			w.mu.Unlock()
		}
		return next.RoundTrip(r)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// of a namespace, since the start.
func (w *writeLog) of(namespace string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, line := range w.list {
		if strings.Contains(line, "/namespaces/"+namespace+"/") {
			out = append(out, line)
		}
	}
	return out
}

// readRoles binds the user to what config/rbac generated.
func readRoles(t *testing.T, c client.Client, user string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(apitest.Root(), "config", "rbac", "role.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range strings.Split(string(data), "\n---\n") {
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal([]byte(doc), &kind); err != nil {
			t.Fatal(err)
		}
		subject := []rbacv1.Subject{{Kind: "User", APIGroup: "rbac.authorization.k8s.io", Name: user}}
		switch kind.Kind {
		case "ClusterRole":
			var role rbacv1.ClusterRole
			if err := yaml.Unmarshal([]byte(doc), &role); err != nil {
				t.Fatal(err)
			}
			create(t, c, &role, &rbacv1.ClusterRoleBinding{
				ObjectMeta: metav1.ObjectMeta{Name: role.Name}, Subjects: subject,
				RoleRef: rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: role.Name},
			})
		case "Role":
			var role rbacv1.Role
			if err := yaml.Unmarshal([]byte(doc), &role); err != nil {
				t.Fatal(err)
			}
			create(t, c, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: role.Namespace}}, &role, &rbacv1.RoleBinding{
				ObjectMeta: metav1.ObjectMeta{Name: role.Name, Namespace: role.Namespace}, Subjects: subject,
				RoleRef: rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "Role", Name: role.Name},
			})
		}
	}
}

func create(t testing.TB, c client.Client, objects ...client.Object) {
	t.Helper()
	for _, o := range objects {
		if err := c.Create(ctx, o); err != nil {
			t.Fatalf("creating %T %s: %v", o, o.GetName(), err)
		}
	}
}

func startOperator(t *testing.T) {
	t.Helper()
	operator.once.Do(func() {
		const user = "usher-operator"
		readRoles(t, apitest.Client(t), user)
		operator.config = apitest.User(t, user)
		operator.config.Wrap(operator.writes.wrap)
		operator.clock = &movableClock{}
		operator.log = funcr.New(func(prefix, args string) {
			if os.Getenv("USHER_TEST_LOG") != "" {
				fmt.Fprintln(os.Stderr, prefix, args)
			}
		}, funcr.Options{Verbosity: 1})
		runOperator(t)
	})
}

func runOperator(t *testing.T) {
	t.Helper()
	m, err := controllers.New(operator.config, controllers.Options{
		Image: "usher:test", Namespace: "usher-system", LeaderElection: true,
		MetricsAddress: "0", HealthAddress: "0",
		Clock: operator.clock, Registry: prometheus.NewRegistry(), SkipNameValidation: true, Log: operator.log,
		Dial: func(ctx context.Context, desk string) (net.Conn, error) {
			if s, ok := operator.dials.Load(desk); ok {
				return s.(interface {
					Dial(context.Context, string) (net.Conn, error)
				}).Dial(ctx, desk)
			}
			return nil, errors.New("no such host")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var running context.Context
	running, operator.stop = context.WithCancel(ctx)
	stopped := make(chan error, 1)
	operator.stopped = stopped
	go func() { stopped <- m.Start(running) }()
}

// restartOperator stops the operator and starts another, with nothing in memory.
func restartOperator(t *testing.T) {
	t.Helper()
	stopOperator(t)
	runOperator(t)
}

func stopOperator(t *testing.T) {
	t.Helper()
	operator.stop()
	if err := <-operator.stopped; err != nil {
		t.Fatalf("the operator ended with %v", err)
	}
}

// desk is a namespace with its runtime, for one test.
type desk struct {
	client.WithWatch
	t       *testing.T
	ns      string
	runtime *runtimetest.Server
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	startOperator(t)
	d := &desk{WithWatch: apitest.Client(t), t: t, ns: apitest.Namespace(t)}
	t.Cleanup(func() {
		operator.dials.Delete(d.ns)
		// The operator of later tests need not dial it.
		for _, o := range []client.Object{&v1alpha1.Queue{}, &v1alpha1.Desk{}} {
			if err := d.DeleteAllOf(ctx, o, client.InNamespace(d.ns)); err != nil {
				t.Error(err)
			}
		}
	})
	return d
}

// run begins the desk's runtime with the certificates that the operator made.
func (d *desk) run() *desk {
	d.t.Helper()
	secret := &corev1.Secret{}
	d.until("the runtime's certificate", func() (bool, any) {
		err := d.Get(ctx, d.key(specs.SecretControl), secret)
		return err == nil, err
	})
	d.runtime = runtimetest.Start(d.t, secret.Data, operator.clock.Now)
	operator.dials.Store(d.ns, d.runtime)
	return d
}

func (d *desk) key(name string) client.ObjectKey {
	return client.ObjectKey{Namespace: d.ns, Name: name}
}

// apply YAML as a field manager, by force, like a GitOps tool does.
func (d *desk) apply(manager, text string) {
	d.t.Helper()
	if err := apitest.Apply(d, d.ns, manager, text); err != nil {
		d.t.Fatal(err)
	}
}

// until asks again until the answer is yes, and fails with the last thing seen.
func (d *desk) until(what string, ask func() (bool, any)) {
	d.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		ok, seen := ask()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("never %s; last seen: %+v", what, seen)
		}
		time.Sleep(20 * time.Millisecond) // between two looks at the API server
	}
}

func (d *desk) queue(name string) *v1alpha1.Queue {
	d.t.Helper()
	var q v1alpha1.Queue
	if err := d.Get(ctx, d.key(name), &q); err != nil {
		d.t.Fatal(err)
	}
	return &q
}

// condition waits until a condition of an object, in its present generation, is as wanted, and
// returns it.
func (d *desk) condition(o client.Object, name, kind string, status metav1.ConditionStatus, reason string) metav1.Condition {
	d.t.Helper()
	var found metav1.Condition
	d.until(fmt.Sprintf("%T %s %s=%s/%s", o, name, kind, status, reason), func() (bool, any) {
		if err := d.Get(ctx, d.key(name), o); err != nil {
			return false, err
		}
		list := conditionsOf(o)
		c := meta.FindStatusCondition(list, kind)
		if c == nil {
			return false, list
		}
		found = *c
		return c.Status == status && c.Reason == reason && c.ObservedGeneration == o.GetGeneration(), list
	})
	return found
}

func (d *desk) ready(o client.Object, name string) {
	d.t.Helper()
	d.condition(o, name, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
}

func conditionsOf(o client.Object) []metav1.Condition {
	switch o := o.(type) {
	case *v1alpha1.Queue:
		return o.Status.Conditions
	case *v1alpha1.Team:
		return o.Status.Conditions
	case *v1alpha1.Channel:
		return o.Status.Conditions
	case *v1alpha1.Schedule:
		return o.Status.Conditions
	case *v1alpha1.Desk:
		return o.Status.Conditions
	}
	panic(fmt.Sprintf("no conditions in %T", o))
}

// quietLooks is how many looks in a row, one each 20 ms or more, must see nothing written.
const quietLooks = 30

// settle waits until the operator wrote nothing into the namespace for a while. The while is counted in answers of
// the API server and not in time: on a busy machine, where the operator needs longer, they need longer too.
func (d *desk) settle() {
	d.t.Helper()
	count, quiet := len(operator.writes.of(d.ns)), 0
	d.until("quiet", func() (bool, any) {
		var list v1alpha1.QueueList
		if err := d.List(ctx, &list, client.InNamespace(d.ns)); err != nil {
			return false, err
		}
		quiet++
		if now := len(operator.writes.of(d.ns)); now != count {
			count, quiet = now, 0
		}
		return quiet >= quietLooks, operator.writes.of(d.ns)
	})
}

// statuses are the writes of the status of one object, such as "queues/support".
func (d *desk) statuses(object string) []string {
	return slices.DeleteFunc(operator.writes.of(d.ns), func(line string) bool { return !strings.HasSuffix(line, "/"+object+"/status") })
}

// events of a reason in the namespace.
func (d *desk) events(reason string) []corev1.Event {
	d.t.Helper()
	var list corev1.EventList
	if err := d.List(ctx, &list, client.InNamespace(d.ns)); err != nil {
		d.t.Fatal(err)
	}
	var out []corev1.Event
	for _, e := range list.Items {
		if e.Reason == reason {
			out = append(out, e)
		}
	}
	return out
}

func gone(err error) bool { return apierrors.IsNotFound(err) }
