//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"usher.chat/hack/cluster/chaos"
	"usher.chat/hack/cluster/pgpair"
)

// broken is the local cluster, to be broken, and healed when the test is over. Where the cluster is somebody else's, what
// follows cannot be shown.
func broken(t *testing.T) *chaos.Cluster {
	t.Helper()
	c, err := chaos.Open(chaos.Dir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Heal(background(t)); err != nil {
			t.Error(err)
		}
	})
	return c
}

// pair is a database beside the cluster.
func pair(t *testing.T, c *chaos.Cluster) *pgpair.Pair {
	t.Helper()
	p, err := pgpair.Start(short(t), c.Plan)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// must fails the test at once.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatTheDatabaseAcknowledgedIsThereAfterItsPrimaryIsKilledAndTheStandbyLeads(t *testing.T) {
	p := pair(t, broken(t))
	url, err := p.NewDatabase(short(t), "kept")
	must(t, err)
	execute := func(url, statement string) error {
		conn, err := pgx.Connect(short(t), url)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close(background(t)) }()
		_, err = conn.Exec(short(t), statement)
		return err
	}
	count := func(want int) {
		t.Helper()
		for _, url := range []string{url, p.Several(url) + "&target_session_attrs=read-write"} {
			conn, err := pgx.Connect(short(t), url)
			must(t, err)
			var got int
			must(t, conn.QueryRow(short(t), "select count(*) from said").Scan(&got))
			must(t, conn.Close(background(t)))
			if got != want {
				t.Errorf("%d are there, want %d", got, want)
			}
		}
	}
	must(t, execute(url, "create table said (n int)"))
	said := 0
	say := func() {
		t.Helper()
		said++
		must(t, execute(url, fmt.Sprintf("insert into said values (%d)", said)))
	}
	say()
	for _, lose := range []func() error{
		func() error { return p.KillPrimary(short(t)) },
		func() error { return p.LosePrimary(short(t)) },
	} {
		must(t, lose())
		if err := execute(url+"&connect_timeout=1", "select 1"); err == nil {
			t.Error("a primary that is gone answers")
		}
		must(t, p.Promote(short(t)))
		count(said)
		say()
		must(t, p.RestartAsStandby(short(t)))
		say()
		count(said)
	}
	must(t, p.KillPrimary(short(t)))
	must(t, p.RestartPrimary(short(t)))
	say()
	count(said)
	must(t, p.SetPassword(short(t), "kept", "another"))
	var refused *pgconn.PgError
	if err := execute(url, "select 1"); !errors.As(err, &refused) {
		t.Errorf("the old password: %v", err)
	}
	must(t, execute(p.URL("kept", "another"), "select 1"))
}

func TestACutBetweenPodsAndADatabaseIsACutAndHeals(t *testing.T) {
	c := broken(t)
	pods, err := c.Pods(short(t), "kube-system", "k8s-app=kube-dns")
	must(t, err)
	dns := pods[0]
	answers := func() bool {
		conn, err := net.DialTimeout("tcp", net.JoinHostPort(dns.IP.String(), "8181"), 2*time.Second)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}
	expect := func(want bool, what string) {
		t.Helper()
		eventually(t, patience, what, func() (string, bool) { got := answers(); return fmt.Sprint(got), got == want })
	}
	expect(true, "the pod answers")
	for what, cut := range map[string]func() (*chaos.Partition, error){
		"cut": func() (*chaos.Partition, error) {
			return c.Cut(short(t), chaos.Pods(dns), chaos.Addresses(c.Plan.HostAddress))
		},
		"reset": func() (*chaos.Partition, error) {
			return c.Reset(short(t), chaos.Pods(dns), chaos.Addresses(c.Plan.HostAddress))
		},
		"cut off": func() (*chaos.Partition, error) { return c.CutOff(short(t), dns) },
	} {
		broken, err := cut()
		must(t, err)
		expect(false, what)
		must(t, broken.Heal(short(t)))
		expect(true, what+", healed")
	}
	must(t, c.Isolate(short(t), dns.Node))
	expect(false, "the node's cable is out")
	must(t, c.Rejoin(short(t), dns.Node))
	expect(true, "and in again")
	must(t, c.Freeze(short(t), dns))
	must(t, c.Thaw(short(t), dns))
	must(t, c.Kill(short(t), dns))
	expect(true, "killed and started again")
	must(t, c.LoseNode(short(t), dns.Node))
	expect(false, "the node is lost")
	must(t, c.StopAPIServer(short(t)))
	if _, err := c.Pods(short(t), "kube-system", ""); err == nil {
		t.Error("the API server answers although it was stopped")
	}
	must(t, c.StartAPIServer(short(t)))
	must(t, c.ReturnNode(short(t), dns.Node))
	eventually(t, patience, "the node's pod is back", func() (string, bool) {
		again, err := c.Pod(short(t), dns.Namespace, dns.Name)
		if err != nil {
			return err.Error(), false
		}
		dns = again
		return fmt.Sprint(again), again.Ready && answers()
	})
}
