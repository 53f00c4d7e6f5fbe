package specs_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/specs"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, objects ...any) {
	t.Helper()
	var out bytes.Buffer
	for _, o := range objects {
		data, err := yaml.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		out.WriteString("---\n")
		out.Write(data)
	}
	path := filepath.Join("testdata", name+".yaml")
	if *update {
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, out.Bytes()) {
		t.Errorf("%s differs; look at the difference after: go test ./controllers/specs -update\ngot:\n%s", path, out.String())
	}
}

func plain() specs.Input {
	return specs.Input{Namespace: "acme", Image: "usher:1.0.0", OperatorNamespace: "usher-system", Owner: "6c1f"}
}

func all(in specs.Input) []any {
	return []any{
		specs.Account(in), specs.Service(in), specs.Control(in), specs.StatefulSet(in),
		specs.DisruptionBudget(in), specs.NetworkPolicy(in),
		specs.Secret(in, specs.SecretControl, map[string][]byte{"tls.crt": []byte("cert")}),
		specs.RandomSecret(in, specs.SecretKeys, specs.KeySession, []byte("random")),
	}
}

func TestWithoutADeskTheDefaultsAreBuilt(t *testing.T) {
	golden(t, "defaults", all(plain())...)
}

func TestADeskShapesServiceStorageAndResources(t *testing.T) {
	in := plain()
	in.Desk = v1alpha1.DeskSpec{
		Service: v1alpha1.DeskService{Type: v1alpha1.ServiceNodePort, NodePort: ptr.To[int32](30080), TrustedProxies: []string{"10.20.0.0/16", "fd00::/8"}},
		Storage: v1alpha1.DeskStorage{Size: "1Gi", StorageClassName: ptr.To("local")},
		Resources: v1alpha1.DeskResources{
			Requests: v1alpha1.ComputeAmounts{CPU: ptr.To(resource.MustParse("250m"))},
			Limits:   &v1alpha1.ComputeAmounts{Memory: ptr.To(resource.MustParse("1Gi"))},
		},
	}
	golden(t, "desk", specs.Service(in), specs.StatefulSet(in))
}

func TestTheVolumeThatExistsIsKeptWhateverTheDeskSays(t *testing.T) {
	in := plain()
	in.Storage = &v1alpha1.DeskStorage{Size: "10Gi"}
	if specs.StorageDiffers(in) {
		t.Fatal("a Desk that says nothing asks for nothing else")
	}
	in.Desk.Storage.Size = "10240Mi"
	if specs.StorageDiffers(in) {
		t.Fatal("10240Mi is 10Gi")
	}
	in.Desk.Storage.Size = "20Gi"
	if !specs.StorageDiffers(in) {
		t.Fatal("20Gi is not 10Gi")
	}
	template := specs.StatefulSet(in).Spec.VolumeClaimTemplates[0]
	if got := (*template.Spec.Resources.Requests)["storage"]; got.String() != "10Gi" {
		t.Fatalf("the template asks for %s, which the API server would refuse", got.String())
	}
}
