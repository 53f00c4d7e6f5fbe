package specs

import (
	"encoding/json"
	"fmt"

	"usher.chat/api/v1alpha1"
)

// kept is what of a Desk has to be known to keep its Deployment, whatever the Desk says later.
type kept struct {
	Store       v1alpha1.DeskStore        `json:"store"`
	Replicas    *int32                    `json:"replicas,omitempty"`
	Autoscaling *v1alpha1.DeskAutoscaling `json:"autoscaling,omitempty"`
}

func builtFrom(d v1alpha1.DeskSpec) string {
	data, err := json.Marshal(kept{d.Store, d.Replicas, d.Autoscaling})
	if err != nil {
		panic(err) // cannot be: texts and numbers
	}
	return string(data)
}

// Keep gives a Desk's spec the store and the pods that its Deployment was built from, by the
// annotation that the Deployment carries.
func Keep(d v1alpha1.DeskSpec, annotations map[string]string) (v1alpha1.DeskSpec, error) {
	var k kept
	if err := json.Unmarshal([]byte(annotations[v1alpha1.AnnotationBuiltFrom]), &k); err != nil {
		return d, fmt.Errorf("reading the annotation %s of the Deployment %s: %w", v1alpha1.AnnotationBuiltFrom, Workload, err)
	}
	if k.Store.Postgres == nil {
		return d, fmt.Errorf("the annotation %s of the Deployment %s names no store", v1alpha1.AnnotationBuiltFrom, Workload)
	}
	d.Store, d.Replicas, d.Autoscaling = k.Store, k.Replicas, k.Autoscaling
	return d, nil
}
