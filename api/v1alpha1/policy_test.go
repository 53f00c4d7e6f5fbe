package v1alpha1_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"usher.chat/api/apitest"
	"usher.chat/api/v1alpha1"
)

// documents reads a file of the repository into objects, one a document.
func documents(t *testing.T, file string, objects ...any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(apitest.Root(), filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	for i, doc := range strings.Split(strings.TrimPrefix(string(data), "---\n"), "\n---\n") {
		if i < len(objects) && objects[i] != nil {
			if err := yaml.Unmarshal([]byte(doc), objects[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// changes has, for each field of a Queue's spec, a patch that changes it. The test of the schema
// makes sure that no field is missing.
var changes = map[string]string{
	"displayName":     `"Other"`,
	"scheduleRef":     `{"name":"other"}`,
	"teamRefs":        `[{"name":"other"}]`,
	"whenBusy":        `{"offer":"Queue"}`,
	"distribution":    `{"mode":"Automatic"}`,
	"priority":        `7`,
	"waitingRules":    `[{"afterSeconds":77,"action":"Alert"}]`,
	"transferTargets": `{"queues":["other"]}`,
	"issues":          `[{"name":"other"}]`,
	"features":        `{"emoji":"Disabled"}`,
	"thresholds":      `{"agentLostSeconds":77}`,
	"retention":       `{"deleteAfterDays":77}`,
	"secureMetadata":  `"Ignore"`,
	"manualSwitch":    `"Admins"`,
}

func TestThePolicyForSupervisorsNamesEveryFieldOfTheSchema(t *testing.T) {
	var crd apiextensionsv1.CustomResourceDefinition
	documents(t, "config/crd/bases/usher.chat_queues.yaml", &crd)
	var policy admissionv1.ValidatingAdmissionPolicy
	documents(t, "config/policy/supervisors.yaml", &policy)
	expression := policy.Spec.Validations[0].Expression
	for _, version := range crd.Spec.Versions {
		for field := range version.Schema.OpenAPIV3Schema.Properties["spec"].Properties {
			want := fmt.Sprintf("variables.new.?%[1]s == variables.old.?%[1]s", field)
			if has := strings.Contains(expression, want); has == (field == "override") {
				t.Errorf("the policy and the field %s: present %v", field, has)
			}
			if _, ok := changes[field]; !ok && field != "override" {
				t.Errorf("no change of %s is tried; add one to changes", field)
			}
		}
	}
}

func TestASupervisorMayOpenAndCloseAndNothingElse(t *testing.T) {
	admin, ns := apitest.Client(t), apitest.Namespace(t)
	var policy admissionv1.ValidatingAdmissionPolicy
	var binding admissionv1.ValidatingAdmissionPolicyBinding
	documents(t, "config/policy/supervisors.yaml", &policy, &binding)
	var edit, supervisor rbacv1.ClusterRole
	documents(t, "config/rbac/people.yaml", nil, &edit, &supervisor)
	bind := func(role *rbacv1.ClusterRole, user string) *rbacv1.RoleBinding {
		return &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: role.Name},
			RoleRef:    rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: role.Name},
			Subjects:   []rbacv1.Subject{{APIGroup: "rbac.authorization.k8s.io", Kind: "User", Name: user}},
		}
	}
	queue := &v1alpha1.Queue{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "support"}}
	for _, o := range []client.Object{&policy, &binding, &edit, &supervisor, bind(&edit, "edith"), bind(&supervisor, "sue"), queue} {
		if err := admin.Create(ctx, o); err != nil {
			t.Fatalf("creating %T: %v", o, err)
		}
	}
	t.Cleanup(func() {
		for _, o := range []client.Object{&binding, &policy, &edit, &supervisor} {
			if err := admin.Delete(ctx, o); err != nil {
				t.Error(err)
			}
		}
	})
	sue, edith := apitest.ClientOf(t, apitest.User(t, "sue")), apitest.ClientOf(t, apitest.User(t, "edith"))
	patch := func(c client.Client, body string) error {
		q := &v1alpha1.Queue{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "support"}}
		return c.Patch(ctx, q, client.RawPatch(types.MergePatchType, []byte(body)), client.DryRunAll)
	}
	deadline := time.Now().Add(time.Minute)
	const other = `{"spec":{"displayName":"Other"}}`
	for {
		// Before the API server has read the roles, everything is forbidden, and not by the policy.
		judged, allowed := patch(sue, other), patch(edith, other)
		if apierrors.IsForbidden(judged) && strings.Contains(judged.Error(), "only spec.override may be changed") && allowed == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the policy and the roles never came into force: %v, %v", judged, allowed)
		}
		time.Sleep(50 * time.Millisecond) // the API server reads policies and roles now and then
	}
	for field, value := range changes {
		body := fmt.Sprintf(`{"spec":{%q:%s}}`, field, value)
		if err := patch(sue, body); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "only spec.override may be changed") {
			t.Errorf("a supervisor and %s: %v", body, err)
		}
		if err := patch(edith, body); err != nil {
			t.Errorf("whoever may configure, and %s: %v", body, err)
		}
	}
	for _, body := range []string{
		`{"metadata":{"labels":{"a":"b"}}}`, `{"metadata":{"annotations":{"a":"b"}}}`, `{"metadata":{"finalizers":["a.example/b"]}}`,
	} {
		if err := patch(sue, body); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "may not be changed") {
			t.Errorf("a supervisor and %s: %v", body, err)
		}
	}
	for _, body := range []string{
		`{"spec":{"override":{"state":"Closed","reason":"fire drill","until":"2026-11-21T12:00:00Z"}}}`, `{"spec":{"override":null}}`,
	} {
		if err := patch(sue, body); err != nil {
			t.Errorf("a supervisor may not %s: %v", body, err)
		}
	}
	// However much a queue says, comparing it does not go beyond what the API server grants a policy.
	if err := apitest.Apply(admin, ns, "git", "kind: Queue\nmetadata: {name: support}\nspec:\n"+
		"  teamRefs: "+listOf(64, "{name: "+strings.Repeat("n", 250)+"%d}")+"\n"+
		"  transferTargets: {queues: "+listOf(64, strings.Repeat("n", 250)+"%d")+", teams: "+listOf(64, strings.Repeat("n", 250)+"%d")+"}\n"+
		"  waitingRules: "+listOf(16, "{afterSeconds: 1%d, action: Move, queueRef: {name: "+strings.Repeat("n", 250)+"}}")+"\n"+
		"  issues: "+listOf(64, "{name: i%d, displayName: "+strings.Repeat("d", 128)+", requiredSkills: "+strings.ReplaceAll(listOf(16, strings.Repeat("s", 60)+"%d"), "%", "%%")+"}")+"\n"); err != nil {
		t.Fatal(err)
	}
	if err := patch(sue, `{"spec":{"override":{"state":"Open"}}}`); err != nil {
		t.Errorf("a supervisor may not open the largest queue: %v", err)
	}
	if err := patch(sue, `{"spec":{"issues":null}}`); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "only spec.override may be changed") {
		t.Errorf("a supervisor and the issues of the largest queue: %v", err)
	}
	if err := sue.Delete(ctx, queue); !apierrors.IsForbidden(err) {
		t.Errorf("a supervisor may delete queues: %v", err)
	}
}
