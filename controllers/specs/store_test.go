package specs_test

import (
	"reflect"
	"testing"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/specs"
)

// postgres is a desk on a database of which all is said.
func postgres() specs.Input {
	in := plain()
	in.Desk = v1alpha1.DeskSpec{
		Replicas: ptr.To[int32](3),
		Store: v1alpha1.DeskStore{Postgres: &v1alpha1.PostgresStore{
			SecretRef:   v1alpha1.LocalRef{Name: "usher-pg-app"},
			CASecretRef: &v1alpha1.LocalRef{Name: "usher-pg-ca"},
			Network:     v1alpha1.PostgresNetwork{Port: 5433, CIDRs: []string{"10.20.0.0/24"}, Namespaces: []string{"databases"}},
		}},
	}
	return in
}

func TestADatabaseMakesADeploymentOfStatelessPods(t *testing.T) {
	in := postgres()
	golden(t, "postgres", specs.Deployment(in), specs.NetworkPolicy(in), specs.DisruptionBudget(in))
}

// The file is asked by hack/policies what passes.
func TestPoliciesOfDesksWithoutAndWithADatabaseAndOnTheWay(t *testing.T) {
	sqlite, globex, moving := plain(), postgres(), plain()
	globex.Namespace, moving.Namespace = "globex", "moving"
	moving.Opening = &v1alpha1.PostgresStore{SecretRef: v1alpha1.LocalRef{Name: "usher-pg"}}
	golden(t, "policies", specs.NetworkPolicy(sqlite), specs.NetworkPolicy(globex), specs.NetworkPolicy(moving))
}

func TestAnAutoscalerTakesTheNumberOfPodsOver(t *testing.T) {
	in := postgres()
	in.Desk.Replicas = nil
	in.Desk.Autoscaling = &v1alpha1.DeskAutoscaling{
		MinReplicas: 2, MaxReplicas: 8, TargetCPUUtilizationPercentage: ptr.To[int32](70), TargetSocketsPerPod: ptr.To[int32](4000),
	}
	golden(t, "autoscaler", specs.Autoscaler(in), specs.Replica(in, 5))
	if got := specs.Deployment(in).Spec.Replicas; got == nil || *got != 2 {
		t.Errorf("a new Deployment begins with %v pods, want the 2 that there are at least", got)
	}
	in.Scaled = true
	if got := specs.Deployment(in).Spec.Replicas; got != nil {
		t.Errorf("the number of pods is said to be %d although it is the autoscaler's", *got)
	}
}

func TestAnythingWithinTheSecretLeavesTheTemplateAsItIsAndAnotherSecretDoesNot(t *testing.T) {
	in := postgres()
	before := specs.Deployment(in).Spec.Template
	in.Desk.Replicas = ptr.To[int32](5)
	in.Desk.Store.Postgres.Network = v1alpha1.PostgresNetwork{}
	if !reflect.DeepEqual(before, specs.Deployment(in).Spec.Template) {
		t.Error("the number of pods, or where the database is, would restart them all")
	}
	in.Desk.Store.Postgres.SecretRef.Name = "another"
	if reflect.DeepEqual(before, specs.Deployment(in).Spec.Template) {
		t.Error("another Secret does not reach the pods")
	}
}

func TestWithoutMoreTheDatabaseMayBeAnywhereAndThePodsReachNothingElse(t *testing.T) {
	in := plain()
	if rules := specs.NetworkPolicy(in).Spec.Egress; len(rules) != 0 {
		t.Errorf("a desk on SQLite reaches out: %v", rules)
	}
	in.Opening = &v1alpha1.PostgresStore{SecretRef: v1alpha1.LocalRef{Name: "usher-pg"}}
	policy := specs.NetworkPolicy(in).Spec
	if len(policy.Egress) != 2 || policy.Egress[0].Ports[0].Port.IntValue() != 5432 || len(policy.Egress[0].To) != 0 {
		t.Errorf("a desk that is to move does not reach its database: %+v", policy.Egress)
	}
	if len(policy.Ingress) != 3 {
		t.Errorf("the port between pods is open on SQLite: %+v", policy.Ingress)
	}
}

func TestWhatADeploymentWasBuiltFromIsReadBackFromIt(t *testing.T) {
	in := postgres()
	in.Desk.DisplayName = "Acme"
	var d = v1alpha1.DeskSpec{DisplayName: "Acme, later"}
	back, err := specs.Keep(d, specs.Deployment(in).Annotations)
	if err != nil {
		t.Fatal(err)
	}
	want := in.Desk
	want.DisplayName = d.DisplayName
	if !reflect.DeepEqual(back, want) {
		t.Errorf("read back as %+v, want %+v", back, want)
	}
	for _, annotations := range []map[string]string{nil, {v1alpha1.AnnotationBuiltFrom: "{}"}, {v1alpha1.AnnotationBuiltFrom: "x"}} {
		if _, err := specs.Keep(d, annotations); err == nil {
			t.Errorf("%v names a store", annotations)
		}
	}
}

func TestEveryMountHasItsVolumeAndEveryVolumeItsMount(t *testing.T) {
	for name, spec := range map[string]*corev1ac.PodSpecApplyConfiguration{
		"SQLite": specs.StatefulSet(plain()).Spec.Template.Spec, "PostgreSQL": specs.Deployment(postgres()).Spec.Template.Spec,
	} {
		volumes := map[string]bool{"data": name == "SQLite"} // there it is the claim's
		for _, v := range spec.Volumes {
			volumes[*v.Name] = true
		}
		for _, m := range spec.Containers[0].VolumeMounts {
			if !volumes[*m.Name] {
				t.Errorf("%s: no volume %s", name, *m.Name)
			}
			delete(volumes, *m.Name)
		}
		if len(volumes) > 0 {
			t.Errorf("%s: nothing mounts %v", name, volumes)
		}
	}
}
