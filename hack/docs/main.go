// Command docs writes the reference pages that follow from the code, and checks the documentation:
//
//	go run ./hack/docs generate   # docs/reference/api.md from the CRDs
//	go run ./hack/docs check      # every relative link leads somewhere
package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: docs generate|check")
		os.Exit(2)
	}
	var err error
	switch os.Args[1] {
	case "generate":
		err = generate()
	case "check":
		err = check(".")
	default:
		err = fmt.Errorf("unknown command %q", os.Args[1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

func generate() error {
	files, err := filepath.Glob("config/crd/bases/*.yaml")
	if err != nil {
		return err
	}
	sort.Strings(files)
	var b strings.Builder
	b.WriteString("# Fields of all resources\n\n<!-- Written by `make generate` from the CRDs. Do not edit. -->\n\n")
	b.WriteString("Pages that explain each kind from an example down are in [resources](../resources/queue.md).\n")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var crd apiextensions.CustomResourceDefinition
		if err := yaml.Unmarshal(data, &crd); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		for _, v := range crd.Spec.Versions {
			fmt.Fprintf(&b, "\n## %s\n\n`%s/%s`, plural `%s`", crd.Spec.Names.Kind, crd.Spec.Group, v.Name, crd.Spec.Names.Plural)
			if len(crd.Spec.Names.ShortNames) > 0 {
				fmt.Fprintf(&b, ", short `%s`", strings.Join(crd.Spec.Names.ShortNames, "`, `"))
			}
			b.WriteString("\n\n| field | type | meaning |\n| --- | --- | --- |\n")
			root := v.Schema.OpenAPIV3Schema
			for _, part := range []string{"spec", "status"} {
				if p, ok := root.Properties[part]; ok {
					rows(&b, part, p, slices.Contains(root.Required, part))
				}
			}
		}
	}
	return os.WriteFile("docs/reference/api.md", []byte(b.String()), 0o644)
}

func rows(b *strings.Builder, path string, s apiextensions.JSONSchemaProps, required bool) {
	fmt.Fprintf(b, "| `%s` | %s | %s |\n", path, kind(s, required), meaning(s))
	at := path
	if s.Type == "array" && s.Items != nil && s.Items.Schema != nil {
		s, at = *s.Items.Schema, path+"[]"
	}
	names := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		rows(b, at+"."+name, s.Properties[name], slices.Contains(s.Required, name))
	}
}

func kind(s apiextensions.JSONSchemaProps, required bool) string {
	k := s.Type
	if s.Format != "" {
		k += " (" + s.Format + ")"
	}
	if s.Type == "array" && s.Items != nil && s.Items.Schema != nil {
		k = "list of " + s.Items.Schema.Type
	}
	if required {
		k += ", required"
	}
	return k
}

func meaning(s apiextensions.JSONSchemaProps) string {
	text := strings.Join(strings.Fields(s.Description), " ")
	add := func(format string, args ...any) { text += " " + fmt.Sprintf(format, args...) }
	if len(s.Enum) > 0 {
		var values []string
		for _, e := range s.Enum {
			values = append(values, "`"+strings.Trim(string(e.Raw), `"`)+"`")
		}
		add("One of %s.", strings.Join(values, ", "))
	}
	if s.Default != nil {
		add("Default `%s`.", strings.Trim(string(s.Default.Raw), `"`))
	}
	if s.Minimum != nil || s.Maximum != nil {
		switch {
		case s.Minimum == nil:
			add("At most %g.", *s.Maximum)
		case s.Maximum == nil:
			add("At least %g.", *s.Minimum)
		default:
			add("From %g to %g.", *s.Minimum, *s.Maximum)
		}
	}
	return strings.ReplaceAll(strings.TrimSpace(text), "|", "\\|")
}

var link = regexp.MustCompile(`\]\(([^)#\s]+)(#[^)]*)?\)`)

func check(root string) error {
	var broken []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); name == "node_modules" || name == ".git" || name == "dist" || name == "artifacts" {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range link.FindAllStringSubmatch(string(data), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
				broken = append(broken, path+": "+m[1])
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(broken) > 0 {
		return fmt.Errorf("broken links:\n  %s", strings.Join(broken, "\n  "))
	}
	return nil
}
