package kubectl

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/specs"
	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/ledger/pgtest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/run/runtest"
)

const onPostgres = "kind: Desk\nmetadata: {name: default}\nspec: {store: {postgres: {secretRef: {name: usher-pg}}}}\n"

func postgresDatabase(t *testing.T) string {
	t.Helper()
	server, err := pgtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	url, err := server.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return url
}

func (p *plugin) claim() *corev1.PersistentVolumeClaim {
	p.t.Helper()
	var claim corev1.PersistentVolumeClaim
	if err := p.Get(context.Background(), client.ObjectKey{Namespace: p.namespace, Name: specs.Claim}, &claim); err != nil {
		p.t.Fatal(err)
	}
	return &claim
}

func (p *plugin) makeClaim() {
	p.t.Helper()
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: p.namespace, Name: specs.Claim}, Spec: corev1.PersistentVolumeClaimSpec{
		AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
		Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
	}}
	if err := p.Create(context.Background(), claim); err != nil {
		p.t.Fatal(err)
	}
}

func TestTheNamesOfAMoveAreThoseOfTheOperator(t *testing.T) {
	if claimName != specs.Claim || secretOperator != specs.SecretOperator {
		t.Errorf("%s and %s", claimName, secretOperator)
	}
}

func TestMigrateTakesADeskAndRetiresItsClaim(t *testing.T) {
	s := onRuntime(t)
	s.run("migrate").ends(ExitFailed).names("names no database to move to", "spec.store.postgres.secretRef.name")
	s.apply("git", onPostgres)
	s.run("migrate").ends(ExitFailed).names("no claim data-usher-0")
	s.makeClaim()
	s.run("migrate").ends(ExitFailed).names("read the Secret usher-pg")
	url := postgresDatabase(t)
	s.secret("usher-pg", map[string][]byte{"uri": []byte(url)})

	maria := s.desk.Customer("web", "")
	s.do(maria, protocol.Command{Type: protocol.TypeJoin, Name: "Maria"})
	ana := s.desk.Agent("ana")
	s.do(ana, protocol.Command{Type: protocol.TypePick, Queue: "support"})
	s.do(maria, protocol.Command{Type: protocol.TypeSay, Text: "before the move"})

	s.run("migrate", "--timeout", "0").done().names("comparing", "compared: ", "hash ", "moved")
	said := s.claim().Annotations[v1alpha1.AnnotationRetired]
	if !strings.HasPrefix(said, "moved to postgres://127.0.0.1:") || !strings.Contains(said, "hash ") || strings.Contains(said, "@") {
		t.Fatalf("the claim says %q", said)
	}
	var refused *gatewaytest.Refusal
	if _, err := maria.Do(s.desk.Context(), protocol.Command{Type: protocol.TypeSay, Text: "after the move"}); err != nil && (!errors.As(err, &refused) || refused.Reason.Code != "unavailable") {
		t.Fatalf("a message after the move ends with %v", err)
	} else if err == nil {
		t.Fatal("the old pod acknowledges still")
	}
	s.run("migrate", "--timeout", "0").done().names("was left already", said)
	s.run("migrate", "--timeout", "1s").ends(ExitTimeout).names("not ready on PostgreSQL", "kubectl describe pods")

	// Without the annotation, as when kubectl was killed before it: the runtime says the same again.
	claim := s.claim()
	claim.Annotations = nil
	if err := s.Update(context.Background(), claim); err != nil {
		t.Fatal(err)
	}
	s.run("migrate", "--timeout", "0").done()
	if again := s.claim().Annotations[v1alpha1.AnnotationRetired]; again != said {
		t.Errorf("the second time it says %q, the first time %q", again, said)
	}

	data := t.TempDir()
	if err := os.CopyFS(data+"/keys", os.DirFS(s.desk.Data+"/keys")); err != nil {
		t.Fatal(err)
	}
	there := runtest.Start(t, runtest.Options{Settings: s.settings, Store: url, Data: data})
	maria.Move(there.URL)
	if err := maria.Connect(there.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := maria.Do(there.Context(), protocol.Command{Type: protocol.TypeSay, Text: "on PostgreSQL"}); err != nil {
		t.Fatal(err)
	}
	if err := maria.Until(there.Context(), func(v *gatewaytest.View) bool {
		for _, messages := range v.Messages {
			if len(messages) >= 2 && messages[0].Text == "before the move" {
				return true
			}
		}
		return false
	}); err != nil {
		t.Error(err)
	}

	s.run("migrate", "--take-back").ends(ExitFailed).names("not started anew since")
}

func TestMigrateRefusesADatabaseThatIsInUse(t *testing.T) {
	s := onRuntime(t)
	s.apply("git", onPostgres)
	s.makeClaim()
	url := postgresDatabase(t)
	s.secret("usher-pg", map[string][]byte{"uri": []byte(url)})
	runtest.Start(t, runtest.Options{Settings: s.settings, Store: url})
	s.run("migrate").ends(ExitFailed).names("holds something else already", "goes on with SQLite", "name an empty database")
	if len(s.claim().Annotations) > 0 {
		t.Error("the claim was given up")
	}
	s.online(s.desk.Agent("ana"))
}
