package v1alpha1_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"usher.chat/api/apitest"
)

func page(t *testing.T, kind string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(apitest.Root(), "docs", "resources", kind+".md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var kinds = map[string]string{"queue": "queues", "team": "teams", "channel": "channels", "schedule": "schedules", "desk": "desks"}

func TestEveryConditionReasonAndEventIsDocumented(t *testing.T) {
	var all strings.Builder
	for kind := range kinds {
		all.WriteString(page(t, kind))
	}
	file, err := parser.ParseFile(token.NewFileSet(), "conditions.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		name := spec.Names[0].Name
		if !strings.HasPrefix(name, "Condition") && !strings.HasPrefix(name, "Reason") && !strings.HasPrefix(name, "Event") {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		count++
		if !strings.Contains(all.String(), "`"+value+"`") {
			t.Errorf("%s (%s) is on no page of docs/resources", value, name)
		}
		return true
	})
	if count < 30 {
		t.Fatalf("only %d constants were found", count)
	}
}

func TestEveryFieldAndColumnIsDocumentedOnThePageOfItsKind(t *testing.T) {
	for kind, plural := range kinds {
		var crd apiextensionsv1.CustomResourceDefinition
		documents(t, "config/crd/bases/usher.chat_"+plural+".yaml", &crd)
		text := page(t, kind)
		for _, v := range crd.Spec.Versions {
			for _, column := range v.AdditionalPrinterColumns {
				if !strings.Contains(text, strings.ToUpper(column.Name)) && column.Name != "Message" {
					t.Errorf("%s: the column %s is not documented", kind, column.Name)
				}
			}
			for _, part := range []string{"spec", "status"} {
				for name, field := range v.Schema.OpenAPIV3Schema.Properties[part].Properties {
					if name != "conditions" {
						documented(t, kind, text, part+"."+name, name, field, part == "spec")
					}
				}
			}
		}
	}
}

// documented looks for a field, and with deep for those within it.
func documented(t *testing.T, kind, text, path, name string, field apiextensionsv1.JSONSchemaProps, deep bool) {
	t.Helper()
	if !strings.Contains(text, name) {
		t.Errorf("%s: the field %s is not documented", kind, path)
	}
	if !deep {
		return
	}
	if field.Items != nil {
		field = *field.Items.Schema
	}
	for inner, f := range field.Properties {
		documented(t, kind, text, path+"."+inner, inner, f, true)
	}
}
