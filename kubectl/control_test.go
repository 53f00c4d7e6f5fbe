package kubectl

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"usher.chat/api/apitest"
	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/specs"
	"usher.chat/runtime/calendar"
	"usher.chat/runtime/control/controltest"
	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/run/runtest"
	"usher.chat/runtime/settings"
)

// direct is a tunnel without a port-forward: straight to the control port of a runtime.
type direct struct{ address func() string }

func (d direct) Dial(ctx context.Context) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "tcp", d.address())
}
func (direct) Close() {}

// served is a namespace with a real runtime, whose certificates are those of the desk.
type served struct {
	*plugin
	desk     *runtest.Desk
	settings settings.Settings
	tls      string // directory of its control port's certificates
}

func onRuntime(t *testing.T) *served {
	t.Helper()
	p := onCluster(t)
	p.now, p.local = time.Now, time.UTC
	ca, err := controltest.NewCA(p.namespace, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	server, err := ca.Server(controlName + "." + p.namespace + ".svc")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := server.Write(dir); err != nil {
		t.Fatal(err)
	}
	p.viewerSecret(ca)
	p.clientSecret(ca, "operator", secretOperator)
	s := runtest.Sample()
	s.Desk.Name = p.namespace
	return onRuntimeOf(t, &served{plugin: p, settings: s, tls: dir}, "")
}

// onRuntimeOf is another runtime for the same namespace.
func onRuntimeOf(t *testing.T, of *served, data string) *served {
	t.Helper()
	p := *of.plugin
	s := &served{plugin: &p, settings: of.settings, tls: of.tls}
	s.desk = runtest.Start(t, runtest.Options{Settings: s.settings, ControlTLS: s.tls, Data: data})
	p.tunnel = func(context.Context, *cluster) (tunnel, error) {
		return direct{func() string { return s.desk.Control }}, nil
	}
	return s
}

func secretNamed(namespace, name string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
}

func (p *plugin) viewerSecret(ca *controltest.CA) {
	p.t.Helper()
	p.clientSecret(ca, "viewer", secretViewer)
}

func (p *plugin) clientSecret(ca *controltest.CA, who, name string) {
	p.t.Helper()
	pair, err := ca.Client(who)
	if err != nil {
		p.t.Fatal(err)
	}
	p.secret(name, map[string][]byte{"tls.crt": pair.Cert, "tls.key": pair.Key, "ca.crt": pair.CA})
}

func (p *plugin) secret(name string, data map[string][]byte) {
	p.t.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: p.namespace, Name: name}, Data: data}
	if err := p.Create(context.Background(), secret); err != nil {
		p.t.Fatal(err)
	}
}

func (s *served) do(c *gatewaytest.Client, command protocol.Command) {
	s.t.Helper()
	if _, err := c.Do(s.desk.Context(), command); err != nil {
		s.t.Fatalf("%s: %v", command.Type, err)
	}
}

// online waits until the desk knows that an agent is there, which it learns after the connection stands.
func (s *served) online(agent *gatewaytest.Client) {
	s.t.Helper()
	if err := agent.Until(s.desk.Context(), func(v *gatewaytest.View) bool { return v.Queues["support"].Online > 0 }); err != nil {
		s.t.Fatalf("the agent is not online: %v", err)
	}
}

// stream is the output of a command that runs on.
type stream struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *stream) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *stream) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// running is a command that ends when the test says so.
type running struct {
	t        *testing.T
	out, err *stream
	stop     func()
	code     chan int
}

func (p *plugin) follow(args ...string) *running {
	p.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p.t.Cleanup(cancel)
	r := &running{t: p.t, out: &stream{}, err: &stream{}, stop: cancel, code: make(chan int, 1)}
	go func() {
		r.code <- p.start(ctx, genericiooptions.IOStreams{In: strings.NewReader(""), Out: r.out, ErrOut: r.err}, args...)
	}()
	return r
}

// until the output has this.
func (r *running) until(s *stream, pattern string) {
	r.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if regexp.MustCompile(pattern).MatchString(s.String()) {
			return
		}
	}
	r.t.Fatalf("never %q:\n%s%s", pattern, r.out, r.err)
}

func (r *running) end() {
	r.t.Helper()
	r.stop()
	select {
	case code := <-r.code:
		if code != ExitDone {
			r.t.Fatalf("it ended with %d: %s", code, r.err)
		}
	case <-time.After(time.Minute):
		r.t.Fatal("it did not end")
	}
}

func TestTheNamesAreThoseThatTheOperatorGives(t *testing.T) {
	for got, want := range map[any]any{
		secretViewer: specs.SecretViewer, secretSignIn: specs.SecretSignIn, keySignIn: specs.KeySignIn,
		controlName: specs.ControlService, controlPort: specs.PortControl,
	} {
		if got != want {
			t.Errorf("%v here, %v there", got, want)
		}
	}
	labels := specs.Labels("acme")
	if labels["app.kubernetes.io/name"] != "usher" || labels["app.kubernetes.io/component"] != "runtime" || labels[v1alpha1.LabelDesk] != "acme" {
		t.Errorf("pods are labelled %v", labels)
	}
}

func TestTopShowsTheRuntimesFigures(t *testing.T) {
	s := onRuntime(t)
	s.do(s.desk.Customer("web", ""), protocol.Command{Type: protocol.TypeJoin, Name: "Maria"})
	s.online(s.desk.Agent("ana"))
	r := s.run("top", "--once").done().names("desk "+s.namespace+" · 2 of 2 queues open · 1 waiting · 0 served", "QUEUE", "999")
	if !regexp.MustCompile(`(?m)^support +● open +always open +\S+ +1 +\d+s +0 +1/1 +999$`).MatchString(r.out) {
		t.Errorf("support reads otherwise:\n%s", r.out)
	}
	var report settings.Report
	if err := json.Unmarshal([]byte(s.run("top", "--once", "-o", "json").done().out), &report); err != nil || report.Queues["support"].Waiting != 1 {
		t.Errorf("%v: %+v", err, report)
	}
	s.run("top", "--once", "-o", "yaml").done().names("waiting: 1")
}

func TestTopGoesOnAsThingsChangeAndWhenTheRuntimeWasAway(t *testing.T) {
	s := onRuntime(t)
	top, lines := s.follow("top", "--interval", "200ms"), s.follow("top", "-o", "json")
	top.until(top.out, `support +● open`)
	maria := s.desk.Customer("web", "")
	s.do(maria, protocol.Command{Type: protocol.TypeJoin, Name: "Maria"})
	top.until(top.out, `(?s)1 waiting.*support +● open +always open +\S+ +1 `)
	lines.until(lines.out, `"waiting":1`)
	s.desk.Stop()
	top.until(top.err, `the connection to the runtime of .* failed .*; trying again`)
	s.desk.Start()
	closed := s.settings
	closed.Queues[1].Override = &calendar.Override{State: calendar.Closed, Reason: "fire drill", By: "ana"}
	s.desk.Apply(closed)
	top.until(top.out, `support +○ closed +by hand`)
	top.end()
	lines.end()
}

func TestTheLogTellsWhoWhatWhyAndUntilWhen(t *testing.T) {
	s := onRuntime(t)
	s.apply(gitOps, desk)
	ana, maria := s.desk.Agent("ana"), s.desk.Customer("web", "")
	s.do(maria, protocol.Command{Type: protocol.TypeJoin, Name: "Maria \u202ered"}) // what control characters a name may have
	until := time.Now().Add(2 * time.Hour).Truncate(time.Minute)
	s.do(ana, protocol.Command{Type: protocol.TypeClose, Queue: "support", Reason: "fire drill", Until: until.UnixMilli()})
	s.do(ana, protocol.Command{Type: protocol.TypePick, Queue: "support"})
	s.do(ana, protocol.Command{Type: protocol.TypeAuto, Queue: "support"})
	r := s.run("log", "support").done()
	helsinki := zone{Location: in(t, "Europe/Helsinki")}
	when := regexp.QuoteMeta(helsinki.short(until, time.Now()))
	for _, want := range []string{
		`E[ES]+T  settings +the queue was added  \[1\]`,
		`  opened +by default, for it has no schedule  \[1\]`,
		`  joined +Maria red \(c1\) through web  \[1\]`,
		`  closed +by ana@acme.example until ` + when + `: fire drill  \[1\]`,
		`  override +closed in the console by ana@acme.example until ` + when + `: fire drill`,
		`  picked +Maria .* by ana.* after \d+s  \[1\]`,
	} {
		if !regexp.MustCompile(want).MatchString(r.out) {
			t.Errorf("no line %q in\n%s", want, r.out)
		}
	}
	if strings.ContainsAny(r.out, "\x1b\u202e") {
		t.Errorf("control characters: %q", r.out)
	}
	if got := strings.Count(s.run("log", "support", "--limit", "2").done().out, "\n"); got != 2 {
		t.Errorf("%d lines, not 2", got)
	}
	picks := s.run("log", "queue/support", "--type", "picked,joined").done().out
	if strings.Count(picks, "\n") != 2 || !strings.Contains(picks, "joined") || strings.Index(picks, "joined") > strings.Index(picks, "picked") {
		t.Errorf("joined and picked are\n%s", picks)
	}
	if out := s.run("log", "support", "--since", "1s", "--type", "returned").done().out; out != "" {
		t.Errorf("nobody was returned: %s", out)
	}
	var entries []protocol.LogEntry
	if err := json.Unmarshal([]byte(s.run("log", "support", "--since", "1h", "-o", "json").done().out), &entries); err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(entries); i++ {
		if entries[i-1].Seq >= entries[i].Seq {
			t.Errorf("entry %d is not after the one before", i)
		}
	}
	if len(entries) != strings.Count(r.out, "\n") {
		t.Errorf("%d entries, %d lines", len(entries), strings.Count(r.out, "\n"))
	}
	s.run("log").done().says("")
	s.run("log", "sales").ends(ExitFailed).says("error: queue sales not found in namespace " + s.namespace + "; there are: billing and support\n")
}

func TestALongLogIsReadPageByPage(t *testing.T) {
	s := onRuntime(t)
	// The queue billing offers nothing without agents, so that joins go to support alone.
	const customers = 700
	for range customers {
		c := s.desk.Customer("web", "")
		s.do(c, protocol.Command{Type: protocol.TypeJoin, Name: "Maria"})
		s.do(c, protocol.Command{Type: protocol.TypeEnd})
		c.Drop()
	}
	out := s.run("log", "support", "--limit", "0").done().out
	if n := strings.Count(out, "  joined  "); n != customers {
		t.Errorf("%d joined, not %d", n, customers)
	}
	if n := strings.Count(out, "\n"); n < 2*customers {
		t.Errorf("%d lines; there should be more than a page", n)
	}
	if n := strings.Count(s.run("log", "support", "--limit", "1200").done().out, "\n"); n != 1200 {
		t.Errorf("%d lines, not 1200", n)
	}
	if n := strings.Count(s.run("log", "support", "--type", "joined", "--limit", "600").done().out, "\n"); n != 600 {
		t.Errorf("%d lines, not 600", n)
	}
}

func TestFollowingTheLogGoesOnOverARestartAndMissesNothing(t *testing.T) {
	s := onRuntime(t)
	follow := s.follow("log", "support", "-f", "--limit", "1")
	follow.until(follow.out, `\[1\]`)
	maria := s.desk.Customer("web", "")
	s.do(maria, protocol.Command{Type: protocol.TypeJoin, Name: "Maria"})
	follow.until(follow.out, `joined +Maria`)
	s.desk.Stop()
	s.desk.Start()
	for range 30 { // more than the first, small page
		olga := s.desk.Customer("web", "")
		s.do(olga, protocol.Command{Type: protocol.TypeJoin, Name: "Olga"})
	}
	follow.until(follow.out, `(?s)(joined +Olga.*){30}`)
	follow.end()
	if n := strings.Count(follow.out.String(), "Olga"); n != 30 {
		t.Errorf("Olga joined %d times", n)
	}
}

func TestWhatStandsBetweenAPersonAndTheRuntimeIsNamed(t *testing.T) {
	p := onCluster(t)
	p.apply(gitOps, desk)
	p.run("top", "--once").ends(ExitFailed).names("there is no Secret usher-viewer in namespace "+p.namespace, "whether the operator runs")
	p.secret(secretViewer, map[string][]byte{"tls.crt": []byte("x")})
	p.run("log", "support").ends(ExitFailed).names("holds no usable certificate", "delete it, and the operator makes it anew")

	p = onCluster(t)
	p.apply(gitOps, desk)
	ca, err := controltest.NewCA(p.namespace, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	p.viewerSecret(ca)
	p.run("top").ends(ExitFailed).names("namespace " + p.namespace + " has no runtime pod")
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.namespace, Name: "usher-0", Labels: specs.Labels(p.namespace)},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "runtime", Image: "usher"}}},
	}
	// envtest has no controller that makes it.
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: p.namespace, Name: "default"}}
	if err := p.Create(context.Background(), account); err != nil {
		t.Fatal(err)
	}
	if err := p.Create(context.Background(), pod); err != nil {
		t.Fatal(err)
	}
	p.run("top", "--once").ends(ExitFailed).names("the runtime's pod usher-0 is not ready (Pending)", "kubectl describe pod usher-0")
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	if err := p.Status().Update(context.Background(), pod); err != nil {
		t.Fatal(err)
	}
	p.allow("tom",
		rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods", "secrets"}, Verbs: []string{"get", "list"}},
		rbacv1.PolicyRule{APIGroups: []string{v1alpha1.Group}, Resources: []string{"queues"}, Verbs: []string{"get", "list"}})
	tom := p.as(apitest.User(t, "tom"))
	tom.run("top", "--once").ends(ExitFailed).names("you may not forward ports to the pod usher-0", `ask for "create" on pods/portforward`)
}

func TestARuntimeOfAnotherDeskIsNotBelieved(t *testing.T) {
	s, other := onRuntime(t), onRuntime(t)
	s.tunnel = other.tunnel
	s.run("top", "--once").ends(ExitFailed).names("shows a certificate that does not go with the Secret usher-viewer")
	s.run("log", "support").ends(ExitFailed).names("shows a certificate that does not go with")
}

func TestASignInLinkSignsInOnce(t *testing.T) {
	s := onRuntime(t)
	s.apply(gitOps, desk)
	s.run("sign-in-link", "ana").ends(ExitFailed).names("no Team in namespace " + s.namespace + " has members; add ana to one")
	s.apply(gitOps, "kind: Team\nmetadata: {name: tier1}\nspec: {members: [{name: ana}, {name: ben}]}\n")
	s.run("sign-in-link", "zoe").ends(ExitFailed).names("zoe is in no Team of namespace " + s.namespace + "; there are: ana and ben")
	s.run("sign-in-link", "ana").ends(ExitFailed).names("there is no Secret usher-sign-in")
	key, err := os.ReadFile(filepath.Join(s.desk.Data, "keys", "sign-in"))
	if err != nil {
		t.Fatal(err)
	}
	s.secret(secretSignIn, map[string][]byte{keySignIn: key})

	link := strings.TrimSpace(s.run("sign-in-link", "ana", "--url", s.desk.URL).done().out)
	if !strings.HasPrefix(link, s.desk.URL+"/sign-in#token=") {
		t.Fatalf("the link is %s", link)
	}
	agent, err := gatewaytest.Agent(s.desk.Context(), s.desk.URL, link)
	if err != nil {
		t.Fatal(err)
	}
	agent.Drop()
	if _, err := gatewaytest.SignIn(s.desk.Context(), s.desk.URL, link); err == nil {
		t.Error("the link works twice")
	}
	s.run("sign-in-link", "ana").done().names("warning: the Desk has no spec.publicURL", "http://usher."+s.namespace+".svc/sign-in#token=")
	s.apply(gitOps, "kind: Desk\nmetadata: {name: default}\nspec: {publicURL: \"https://care.acme.example\"}\n")
	var l Link
	out := s.run("sign-in-link", "ben", "--valid", "5m", "-o", "json").done()
	if err := json.Unmarshal([]byte(out.out), &l); err != nil {
		t.Fatal(err)
	}
	if left := time.Until(l.Expires); out.err != "" || l.Agent != "ben" || !strings.HasPrefix(l.URL, "https://care.acme.example/sign-in#token=") || left > 5*time.Minute || left < 4*time.Minute {
		t.Errorf("%+v, %s left, %s", l, left, out.err)
	}
	s.allow("kim", rbacv1.PolicyRule{APIGroups: []string{v1alpha1.Group}, Resources: []string{"teams"}, Verbs: []string{"list"}})
	s.as(apitest.User(t, "kim")).run("sign-in-link", "ana").ends(ExitFailed).names("you may not read the Secret usher-sign-in")
}

func TestNamesAreCompletedFromTheCluster(t *testing.T) {
	p := onCluster(t)
	p.apply(gitOps, desk+"---\nkind: Team\nmetadata: {name: tier1}\nspec: {members: [{name: ana}, {name: ben}]}\n")
	for args, want := range map[string]string{
		"close ":            "billing\nsupport\n:4\n",
		"close support ":    "billing\n:4\n",
		"status ":           "billing\nsupport\n:4\n",
		"status support ":   ":4\n",
		"schedule preview ": "office\n:4\n",
		"sign-in-link ":     "ana\nben\n:4\n",
		// Fixed values come whole: the shell chooses among them.
		"log support --type clo":    strings.Join(logTypes[:], "\n") + "\n:4\n",
		"close support --dry-run=s": "none\nclient\nserver\n:4\n",
	} {
		parts := strings.Split(args, " ")
		r := p.run(append([]string{"__complete"}, parts...)...).done()
		if r.out != want {
			t.Errorf("%q completes to\n%s, not\n%s", args, r.out, want)
		}
	}
	offline := offline(t)
	if r := offline.run("__complete", "close", "").done(); r.out != ":4\n" {
		t.Errorf("without a cluster: %q", r.out)
	}
}
