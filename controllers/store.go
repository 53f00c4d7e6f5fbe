package controllers

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/specs"
)

// standing is what there is of a desk's ledgers; nil where there is none, or none of ours.
type standing struct {
	set        *appsv1.StatefulSet
	deployment *appsv1.Deployment
	claim      *corev1.PersistentVolumeClaim
}

// holds says whether the claim may hold a history: it was bound once, and nobody gave it up.
func (s standing) holds() bool {
	return s.claim != nil && s.claim.Status.Phase != corev1.ClaimPending && !retired(s.claim)
}

// retired says whether somebody gave the ledger up that an object stands for.
func retired(o client.Object) bool { return o.GetAnnotations()[v1alpha1.AnnotationRetired] != "" }

// choice is which store a desk runs on.
type choice struct {
	// store, empty when nothing is to run.
	store v1alpha1.StoreKind
	// desk is the spec to build from, with that store.
	desk v1alpha1.DeskSpec
	// opening is the database to which the desk may move.
	opening *v1alpha1.PostgresStore
	// verdict says why it is not what is wished for.
	verdict Verdict
}

// choose which store a desk runs on: the one that is wished for, unless that would leave a history
// behind without anybody having said so. (docs/adr/0014-moving-a-desk.md)
func choose(namespace string, wish v1alpha1.DeskSpec, s standing) (choice, error) {
	lite := wish
	lite.Store, lite.Replicas, lite.Autoscaling = v1alpha1.DeskStore{}, nil, nil
	postgres := wish.Store.Postgres != nil
	switch {
	case postgres && (s.deployment != nil || !s.holds()):
		return choice{store: v1alpha1.StorePostgreSQL, desk: wish}, nil
	case postgres:
		return choice{store: v1alpha1.StoreSQLite, desk: lite, opening: wish.Store.Postgres, verdict: Verdict{
			v1alpha1.ReasonMigrationNeeded, fmt.Sprintf(
				"the desk's history is in the volume %[2]s, and with spec.store.postgres alone the desk would begin empty, so SQLite stays in use. "+
					"To take the history along: kubectl usher migrate -n %[1]s. To leave it behind: kubectl annotate -n %[1]s pvc/%[2]s %[3]s=left. To stay: remove spec.store",
				namespace, specs.Claim, v1alpha1.AnnotationRetired)}}, nil
	case s.deployment != nil && (!retired(s.deployment) || s.claim != nil && retired(s.claim)):
		kept, err := specs.Keep(wish, s.deployment.Annotations)
		if err != nil {
			return choice{}, err
		}
		how := fmt.Sprintf("To leave it behind: kubectl annotate -n %s deployment/%s %s=left", namespace, specs.Workload, v1alpha1.AnnotationRetired)
		if s.claim != nil && retired(s.claim) {
			how += fmt.Sprintf("; and as the ledger in the volume %[2]s was given up too, either delete that claim, to begin empty, or go back to it: kubectl annotate -n %[1]s pvc/%[2]s %[3]s-",
				namespace, specs.Claim, v1alpha1.AnnotationRetired)
		}
		return choice{store: v1alpha1.StorePostgreSQL, desk: kept, verdict: Verdict{
			v1alpha1.ReasonMigrationNeeded, fmt.Sprintf(
				"the desk's history is in PostgreSQL, and without spec.store.postgres the desk would begin empty, so PostgreSQL stays in use. To keep it: write spec.store.postgres.secretRef.name: %s into the Desk %q. %s",
				kept.Store.Postgres.SecretRef.Name, v1alpha1.DeskName, how)}}, nil
	case s.set == nil && s.claim != nil && retired(s.claim):
		return choice{desk: lite, verdict: Verdict{
			v1alpha1.ReasonMigrationNeeded, fmt.Sprintf(
				"the ledger in the volume %[2]s was given up (%[3]s: %[4]q) and nothing takes its place, so nothing runs. Set spec.store.postgres to where the history is; "+
					"or go on with the volume's: kubectl annotate -n %[1]s pvc/%[2]s %[3]s-; or delete the claim to begin empty",
				namespace, specs.Claim, v1alpha1.AnnotationRetired, clip(s.claim.Annotations[v1alpha1.AnnotationRetired]))}}, nil
	}
	return choice{store: v1alpha1.StoreSQLite, desk: lite}, nil
}

// Pods of a desk, on PostgreSQL.
type Pods struct {
	Store         v1alpha1.StoreKind
	Wanted, Ready int32
	// Stuck has the words of a rollout that does not go on.
	Stuck string
}

func podsOf(store v1alpha1.StoreKind, s standing) Pods {
	p := Pods{Store: store}
	switch {
	case store == v1alpha1.StoreSQLite:
		p.Wanted = 1
		if s.set != nil {
			p.Ready = s.set.Status.ReadyReplicas
		}
	case store == v1alpha1.StorePostgreSQL && s.deployment != nil:
		if s.deployment.Spec.Replicas != nil {
			p.Wanted = *s.deployment.Spec.Replicas
		}
		p.Ready = s.deployment.Status.ReadyReplicas
		for _, c := range s.deployment.Status.Conditions {
			if c.Type == appsv1.DeploymentProgressing && c.Status == corev1.ConditionFalse {
				p.Stuck = c.Message
			}
		}
	}
	return p
}

// verdict on the pods of a desk that serves.
func (p Pods) verdict(namespace string) Verdict {
	switch {
	case p.Store != v1alpha1.StorePostgreSQL:
		return Verdict{}
	case p.Stuck != "":
		return Verdict{v1alpha1.ReasonRolloutStuck, fmt.Sprintf(
			"new pods do not become ready, and those before serve on: %s; kubectl describe pods -n %s -l %s=%s says why", p.Stuck, namespace, v1alpha1.LabelDesk, namespace)}
	case p.Ready < p.Wanted:
		return Verdict{v1alpha1.ReasonPodsNotReady, fmt.Sprintf("%d of %d pods are ready; the desk serves", p.Ready, p.Wanted)}
	}
	return Verdict{}
}

// hint says what pods need of people before they can start.
func hint(namespace string, d v1alpha1.DeskSpec) string {
	if d.Store.Postgres == nil {
		return ""
	}
	return fmt.Sprintf("the pods start once the Secret %q is in this namespace, with uri, or host, port, dbname, user and password, and the database answers; kubectl describe pods -n %s -l %s=%s says what they wait for",
		d.Store.Postgres.SecretRef.Name, namespace, v1alpha1.LabelDesk, namespace)
}
