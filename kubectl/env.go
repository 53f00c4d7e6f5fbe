package kubectl

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/v1alpha1"
)

// env is what all commands share: streams, cluster and clock.
type env struct {
	genericiooptions.IOStreams
	version string
	flags   *genericclioptions.ConfigFlags
	scheme  *runtime.Scheme
	now     func() time.Time
	local   *time.Location // this machine's zone
	// width of the output in columns; 0 for one that is no terminal and so has none.
	width func() int
	color bool
	// tunnel reaches the control port of a desk's runtime.
	tunnel func(ctx context.Context, cluster *cluster) (tunnel, error)
}

func newEnv(streams genericiooptions.IOStreams, version string) *env {
	e := &env{
		IOStreams: streams, version: version, flags: genericclioptions.NewConfigFlags(true), scheme: kinds(),
		now: time.Now, local: time.Local, tunnel: portForward,
	}
	e.width = func() int { return terminalWidth(streams.Out) }
	e.color = wantsColor(streams.Out)
	return e
}

// cluster is a connection to an API server, and the namespace that is meant.
type cluster struct {
	client.WithWatch
	env       *env
	namespace string
	unready   bool // a runtime pod will do that is not ready
}

// connect reads the kubeconfig. It does not speak to the server: the kinds are known here, so nothing
// has to be discovered, and a command that needs one request makes one.
func (e *env) connect() (*cluster, error) {
	loader := e.flags.ToRawKubeConfigLoader()
	namespace, _, err := loader.Namespace()
	if err != nil {
		return nil, advise(err, "read the kubeconfig")
	}
	config, err := e.flags.ToRESTConfig()
	if err != nil {
		return nil, advise(err, "read the kubeconfig")
	}
	if raw, err := loader.RawConfig(); err == nil && len(raw.Clusters) == 0 && strings.HasSuffix(config.Host, "localhost:8080") && *e.flags.APIServer == "" {
		// The libraries' guess where nothing is said. It is hardly ever right, and its failure tells nobody why.
		return nil, advise(clientcmd.ErrEmptyConfig, "reach a cluster")
	}
	config.QPS, config.Burst = 50, 100
	config.UserAgent = "kubectl-usher/" + e.version
	c, err := client.NewWithWatch(config, client.Options{Scheme: e.scheme, Mapper: restMapper()})
	if err != nil {
		return nil, fmt.Errorf("could not use the kubeconfig: %w", err)
	}
	return &cluster{WithWatch: c, env: e, namespace: namespace}, nil
}

// kinds that are read or written here. Those of a whole Kubernetes would cost every command the time
// to register them.
func kinds() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1alpha1.AddToScheme, corev1.AddToScheme, authenticationv1.AddToScheme} {
		if err := add(scheme); err != nil {
			panic(err) // cannot be: kinds of one build
		}
	}
	return scheme
}

func restMapper() meta.RESTMapper {
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{v1alpha1.GroupVersion, corev1.SchemeGroupVersion})
	for _, kind := range []string{"Queue", "Team", "Schedule", "Channel", "Desk"} {
		mapper.Add(v1alpha1.GroupVersion.WithKind(kind), meta.RESTScopeNamespace)
	}
	for _, kind := range []string{"Pod", "Secret", "ConfigMap", "PersistentVolumeClaim"} {
		mapper.Add(corev1.SchemeGroupVersion.WithKind(kind), meta.RESTScopeNamespace)
	}
	mapper.Add(authenticationv1.SchemeGroupVersion.WithKind("SelfSubjectReview"), meta.RESTScopeRoot)
	return mapper
}

// queues lists the queues of the namespace by name, or those of all namespaces.
func (c *cluster) queues(ctx context.Context, everywhere bool) (*v1alpha1.QueueList, error) {
	var all v1alpha1.QueueList
	where := []client.ListOption{client.InNamespace(c.namespace)}
	doing := fmt.Sprintf("list the queues of namespace %s", c.namespace)
	if everywhere {
		where, doing = nil, "list the queues of all namespaces"
	}
	if err := c.List(ctx, &all, where...); err != nil {
		return nil, advise(err, doing)
	}
	return &all, nil
}

// queue reads one. A name that does not exist is told together with those that do.
func (c *cluster) queue(ctx context.Context, name string) (*v1alpha1.Queue, error) {
	var q v1alpha1.Queue
	err := c.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: name}, &q)
	if err == nil {
		return &q, nil
	}
	if !apierrors.IsNotFound(err) || isNotInstalled(err) {
		return nil, advise(err, fmt.Sprintf("read the queue %s in namespace %s", name, c.namespace))
	}
	what := fmt.Sprintf("queue %s not found in namespace %s", name, c.namespace)
	if all, err := c.queues(ctx, false); err == nil {
		if len(all.Items) == 0 {
			what += ", which has no queues; choose another with -n"
		} else {
			what += "; there are: " + list(queueNames(all.Items))
		}
	}
	return nil, &advised{what: what, err: err}
}

func queueNames(queues []v1alpha1.Queue) []string {
	names := make([]string, len(queues))
	for i := range queues {
		names[i] = queues[i].Name
	}
	slices.Sort(names)
	return names
}

// zoneOf is the zone that the times of a queue are told in: that of its schedule. Without one it is
// this machine's, which is then said.
func (c *cluster) zoneOf(ctx context.Context, q *v1alpha1.Queue) zone {
	if q.Spec.ScheduleRef == nil {
		return zone{Location: c.env.local, machine: true}
	}
	var s v1alpha1.Schedule
	if err := c.Get(ctx, client.ObjectKey{Namespace: q.Namespace, Name: q.Spec.ScheduleRef.Name}, &s); err != nil {
		return zone{Location: c.env.local, machine: true}
	}
	return c.env.zoneNamed(s.Spec.TimeZone)
}

// zonesOf are the zones of schedules, by namespace and name.
func (c *cluster) zonesOf(ctx context.Context, everywhere bool) map[client.ObjectKey]zone {
	zones := map[client.ObjectKey]zone{}
	var all v1alpha1.ScheduleList
	where := []client.ListOption{client.InNamespace(c.namespace)}
	if everywhere {
		where = nil
	}
	// Without the right to read schedules the times are told in the machine's zone, and say so.
	if err := c.List(ctx, &all, where...); err != nil {
		return zones
	}
	for i := range all.Items {
		zones[client.ObjectKeyFromObject(&all.Items[i])] = c.env.zoneNamed(all.Items[i].Spec.TimeZone)
	}
	return zones
}

func (e *env) zoneNamed(name string) zone {
	location, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return zone{Location: e.local, machine: true}
	}
	return zone{Location: location}
}

func (e *env) zoneIn(zones map[client.ObjectKey]zone, q *v1alpha1.Queue) zone {
	if q.Spec.ScheduleRef != nil {
		if z, ok := zones[client.ObjectKey{Namespace: q.Namespace, Name: q.Spec.ScheduleRef.Name}]; ok {
			return z
		}
	}
	return zone{Location: e.local, machine: true}
}

// whoami is the user that the cluster takes the caller for; empty when it does not say.
func (c *cluster) whoami(ctx context.Context) string {
	var review authenticationv1.SelfSubjectReview
	if err := c.Create(ctx, &review); err != nil {
		return ""
	}
	return review.Status.UserInfo.Username
}
