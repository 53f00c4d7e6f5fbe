package v1alpha1_test

import (
	"slices"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/apitest"
	"usher.chat/api/v1alpha1"
)

func TestSeveralPodsAreTakenWithADatabaseAndElseRefusedWithWords(t *testing.T) {
	const (
		pg      = `store: {postgres: {secretRef: {name: usher-pg}}}`
		replica = "several pods need a database they share: set spec.store.postgres, or replicas: 1"
		scaled  = "several pods need a database they share: set spec.store.postgres, or remove spec.autoscaling"
		both    = "autoscaling chooses the number of pods: remove spec.replicas, or spec.autoscaling"
		target  = "autoscaling needs a target: set targetCPUUtilizationPercentage, targetSocketsPerPod or both"
		cpu     = "set spec.resources.requests.cpu, or remove targetCPUUtilizationPercentage"
	)
	check(t, "Desk", "default", join(
		[]rule{
			{"one replica without a database", `{replicas: 1}`, ""},
			{"several without a database", `{replicas: 2}`, replica},
			{"several with an empty store", `{replicas: 2, store: {}}`, replica},
			{"several with a database", `{replicas: 3, ` + pg + `}`, ""},
			{"a database alone", `{` + pg + `}`, ""},
			{"a database without a Secret", `{store: {postgres: {}}}`, "secretRef"},
			{"a database with all there is", `{store: {postgres: {secretRef: {name: a}, caSecretRef: {name: b}, network: {port: 6432, cidrs: ["10.20.0.0/24", "fd00::/8"], namespaces: [databases]}}}}`, ""},
			{"autoscaling without a database", `{autoscaling: {maxReplicas: 3, targetSocketsPerPod: 4000}}`, scaled},
			{"autoscaling by sockets", `{` + pg + `, autoscaling: {maxReplicas: 3, targetSocketsPerPod: 4000}}`, ""},
			{"autoscaling by CPU", `{` + pg + `, autoscaling: {maxReplicas: 3, targetCPUUtilizationPercentage: 70}}`, ""},
			{"autoscaling by nothing", `{` + pg + `, autoscaling: {maxReplicas: 3}}`, target},
			{"autoscaling without an upper bound", `{` + pg + `, autoscaling: {targetSocketsPerPod: 4000}}`, "maxReplicas"},
			{"autoscaling upside down", `{` + pg + `, autoscaling: {minReplicas: 5, maxReplicas: 3, targetSocketsPerPod: 4000}}`, "maxReplicas is below minReplicas; raise the one or lower the other"},
			{"autoscaling below the minimum by default", `{` + pg + `, autoscaling: {maxReplicas: 1, targetSocketsPerPod: 4000}}`, "maxReplicas is below minReplicas"},
			{"autoscaling and replicas", `{` + pg + `, replicas: 2, autoscaling: {maxReplicas: 3, targetSocketsPerPod: 4000}}`, both},
			{"CPU against no request", `{` + pg + `, resources: {requests: {memory: 1Gi}}, autoscaling: {maxReplicas: 3, targetCPUUtilizationPercentage: 70}}`, cpu},
			{"sockets against no request", `{` + pg + `, resources: {requests: {memory: 1Gi}}, autoscaling: {maxReplicas: 3, targetSocketsPerPod: 1}}`, ""},
			{"a network without bits", `{store: {postgres: {secretRef: {name: a}, network: {cidrs: [10.20.0.1]}}}}`, "an entry is no network; write each as address/bits, such as 10.20.0.0/24"},
			{"a namespace with capitals", `{store: {postgres: {secretRef: {name: a}, network: {namespaces: [Databases]}}}}`, "should match"},
			{"a namespace too long", `{store: {postgres: {secretRef: {name: a}, network: {namespaces: [` + long(64) + `]}}}}`, "Too long: may not be more than 63"},
			{"a network too long", `{store: {postgres: {secretRef: {name: a}, network: {cidrs: [` + long(65) + `]}}}}`, "Too long: may not be more than 64"},
			{"as many networks as there may be", `{store: {postgres: {secretRef: {name: a}, network: {cidrs: ` + listOf(16, `"10.20.%d.0/24"`) + `}}}}`, ""},
			{"too many networks", `{store: {postgres: {secretRef: {name: a}, network: {cidrs: ` + listOf(17, `"10.20.%d.0/24"`) + `}}}}`, "must have at most 16 items"},
			{"too many namespaces", `{store: {postgres: {secretRef: {name: a}, network: {namespaces: ` + listOf(17, `n%d`) + `}}}}`, "must have at most 16 items"},
			{"a network twice", `{store: {postgres: {secretRef: {name: a}, network: {cidrs: ["10.20.0.0/24", "10.20.0.0/24"]}}}}`, "Duplicate value"},
			{"a Secret of another namespace", `{store: {postgres: {secretRef: {name: a, namespace: b}}}}`, "unknown field"},
		},
		reference("secretRef", `{store: {postgres: {secretRef: %s}}}`),
		reference("caSecretRef", `{store: {postgres: {secretRef: {name: a}, caSecretRef: %s}}}`),
		number("replicas", `{`+pg+`, replicas: %d}`, 1, 50),
		number("port", `{store: {postgres: {secretRef: {name: a}, network: {port: %d}}}}`, 1, 65535),
		number("maxReplicas", `{`+pg+`, autoscaling: {minReplicas: 1, maxReplicas: %d, targetSocketsPerPod: 1}}`, 1, 50),
		number("minReplicas", `{`+pg+`, autoscaling: {maxReplicas: 50, minReplicas: %d, targetSocketsPerPod: 1}}`, 1, 50),
		number("targetCPUUtilizationPercentage", `{`+pg+`, autoscaling: {maxReplicas: 3, targetCPUUtilizationPercentage: %d}}`, 1, 1000),
		number("targetSocketsPerPod", `{`+pg+`, autoscaling: {maxReplicas: 3, targetSocketsPerPod: %d}}`, 1, 1000000),
	))
}

func TestADatabaseWithoutMoreHasThePortOfPostgreSQLAndAnAutoscalerTwoPodsAtLeast(t *testing.T) {
	c, ns := apitest.Client(t), apitest.Namespace(t)
	if err := apitest.Apply(c, ns, "git", "kind: Desk\nmetadata: {name: default}\nspec: {store: {postgres: {secretRef: {name: usher-pg}}}, autoscaling: {maxReplicas: 6, targetSocketsPerPod: 4000}}\n"); err != nil {
		t.Fatal(err)
	}
	var d v1alpha1.Desk
	if err := c.Get(ctx, client.ObjectKey{Namespace: ns, Name: "default"}, &d); err != nil {
		t.Fatal(err)
	}
	if d.Spec.Store.Postgres.Network.Port != 5432 || d.Spec.Autoscaling.MinReplicas != 2 || d.Spec.Replicas != nil {
		t.Fatalf("the defaults are %+v and %+v", d.Spec.Store.Postgres, d.Spec.Autoscaling)
	}
}

func TestKubectlShowsStoreAndPodsOfADesk(t *testing.T) {
	var crd apiextensionsv1.CustomResourceDefinition
	documents(t, "config/crd/bases/usher.chat_desks.yaml", &crd)
	var names []string
	for _, c := range crd.Spec.Versions[0].AdditionalPrinterColumns {
		if c.Priority == 0 {
			names = append(names, c.Name)
		}
	}
	if want := []string{"Queues", "Store", "Pods", "Pods Ready", "URL", "Ready", "Age"}; !slices.Equal(names, want) {
		t.Fatalf("the columns are %v, want %v", names, want)
	}
}
