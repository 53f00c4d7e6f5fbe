// Package apitest gives tests a real API server with a real etcd, the resources installed, and
// nothing else: no scheduler, no kubelet, and no garbage collector unless a test asks for Controllers.
//
//	func TestMain(m *testing.M) { os.Exit(apitest.Main(m)) }
//	func TestSomething(t *testing.T) { c := apitest.Client(t); ns := apitest.Namespace(t) }
//
// The binaries are those of hack/cluster, which builds them from source when they are missing; set
// KUBEBUILDER_ASSETS to use others.
package apitest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	kruntime "k8s.io/apimachinery/pkg/runtime"

	"usher.chat/api/v1alpha1"
)

// server is the API server of this test binary, begun by the first test that needs it.
var server struct {
	once   sync.Once
	env    *envtest.Environment
	config *rest.Config
	err    error
}

// Root is the top of the repository.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// Main runs the tests of a package, and afterwards stops what they began and the API server.
func Main(m *testing.M, stop ...func() error) int {
	code := m.Run()
	for _, f := range stop {
		if err := f(); err != nil {
			fmt.Fprintln(os.Stderr, "at the end of the tests:", err)
			code = 1
		}
	}
	if err := stopManager(); err != nil {
		fmt.Fprintln(os.Stderr, "stopping the controller manager:", err)
		code = 1
	}
	if server.env != nil {
		if err := server.env.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stopping the API server:", err)
			return 1
		}
	}
	return code
}

func assets() (string, error) {
	if dir := os.Getenv("KUBEBUILDER_ASSETS"); dir != "" {
		return dir, nil
	}
	cmd := exec.CommandContext(context.Background(), "go", "run", "./hack/cluster", "assets")
	cmd.Dir = Root()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("an API server and an etcd are needed and could not be built; run \"go run ./hack/cluster assets\" and see what it says, or set KUBEBUILDER_ASSETS to a directory with etcd, kube-apiserver, kube-controller-manager and kubectl: %w\n%s", err, stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1], nil
}

// startTimeout is how long etcd and the API server have to start, and to stop.
const startTimeout = 5 * time.Minute

func start() {
	dir, err := assets()
	if err != nil {
		server.err = err
		return
	}
	server.env = &envtest.Environment{
		CRDDirectoryPaths:     []string{filepath.Join(Root(), "config", "crd", "bases")},
		ErrorIfCRDPathMissing: true,
		BinaryAssetsDirectory: dir,
		// On a machine with other things to do 20 s are not enough, and tests of several packages start one each.
		ControlPlaneStartTimeout: startTimeout,
		ControlPlaneStopTimeout:  startTimeout,
	}
	server.env.ControlPlane.GetAPIServer().Configure().
		// What a real cluster has switched on, and envtest off.
		Disable("disable-admission-plugins")
	server.config, server.err = server.env.Start()
	if server.err != nil {
		server.err = errors.Join(fmt.Errorf("starting the API server of %s", dir), server.err)
	}
}

// Config of a user who may do anything.
func Config(t testing.TB) *rest.Config {
	t.Helper()
	server.once.Do(start)
	if server.err != nil {
		t.Fatal(server.err)
	}
	cfg := rest.CopyConfig(server.config)
	cfg.QPS = -1
	return cfg
}

// User adds a user without rights and returns a config of theirs.
func User(t testing.TB, name string, groups ...string) *rest.Config {
	t.Helper()
	Config(t)
	user, err := server.env.AddUser(userOf(name, groups...), nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg := rest.CopyConfig(user.Config())
	cfg.QPS = -1
	return cfg
}

func userOf(name string, groups ...string) envtest.User {
	return envtest.User{Name: name, Groups: groups}
}

// Kubectl is the path of a kubectl and of a kubeconfig file that goes with it.
func Kubectl(t testing.TB) (binary, kubeconfig string) {
	t.Helper()
	Config(t)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	user, err := server.env.AddUser(envtest.User{Name: "kubectl", Groups: []string{"system:masters"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	data, err := user.KubeConfig()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return server.env.ControlPlane.KubectlPath, file
}

// Scheme knows the built-in kinds and ours.
func Scheme() *kruntime.Scheme {
	s := kruntime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(s), v1alpha1.AddToScheme(s)); err != nil {
		panic(err) // cannot be: kinds of one build
	}
	return s
}

// Client of a user who may do anything.
func Client(t testing.TB) client.WithWatch { t.Helper(); return ClientOf(t, Config(t)) }

// ClientOf a config.
func ClientOf(t testing.TB, cfg *rest.Config) client.WithWatch {
	t.Helper()
	c, err := client.NewWithWatch(cfg, client.Options{Scheme: Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Namespace makes one, with a name of its own.
func Namespace(t testing.TB) string {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "desk-"}}
	if err := Client(t).Create(context.Background(), ns); err != nil {
		t.Fatal(err)
	}
	return ns.Name
}

// Apply every document of a YAML text to a namespace, server-side and by force, as a manager.
func Apply(c client.Client, namespace, manager, text string) error {
	for _, doc := range strings.Split(text, "\n---\n") {
		u := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(doc), &u.Object); err != nil {
			return fmt.Errorf("reading YAML: %w", err)
		}
		if len(u.Object) == 0 {
			continue
		}
		if u.GetAPIVersion() == "" {
			u.SetAPIVersion(v1alpha1.GroupVersion.String())
		}
		u.SetNamespace(namespace)
		err := c.Apply(context.Background(), client.ApplyConfigurationFromUnstructured(u), client.FieldOwner(manager), client.ForceOwnership)
		if err != nil {
			return fmt.Errorf("applying %s %s: %w", u.GetKind(), u.GetName(), err)
		}
	}
	return nil
}
