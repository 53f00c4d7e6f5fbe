package kubectl

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"usher.chat/api/compile"
	"usher.chat/api/v1alpha1"
	"usher.chat/runtime/calendar"
)

// source is where Queues, Schedules and holidays come from: a cluster, or files.
type source interface {
	queue(ctx context.Context, name string) (*v1alpha1.Queue, error)
	// schedule of a name; the only one there is when it is empty.
	schedule(ctx context.Context, name string) (*v1alpha1.Schedule, error)
	// configMap is nil when there is none of the name.
	configMap(ctx context.Context, namespace, name string) (*corev1.ConfigMap, error)
	// missing says what to do about a ConfigMap that is not there.
	missing(name string) string
}

// years in which holidays are wanted. A day more at either end is in another year in some zone.
type years struct{ first, last int }

// mostYears is how many years of holidays are read at once.
const mostYears = 48

// hours of a Schedule, holidays included, as a calendar that answers. What the operator would refuse is
// an error; but a ConfigMap out of a file may lack its label, which warn is told.
func hours(ctx context.Context, from source, s *v1alpha1.Schedule, y years, warn func(string)) (*calendar.Compiled, error) {
	plain := compile.Schedule(s)
	if s.Spec.Holidays != nil {
		name := s.Spec.Holidays.ConfigMapRef.Name
		cm, err := from.configMap(ctx, s.Namespace, name)
		if err != nil {
			return nil, err
		}
		if cm == nil {
			return nil, &advised{what: fmt.Sprintf("schedule %s takes its holidays from the ConfigMap %s; %s", s.Name, name, from.missing(name))}
		}
		file := compile.HolidayYears(s, cm, max(1, y.first-1), min(9999, y.last+1))
		if _, offline := from.(*documents); offline && file.Reason == v1alpha1.ReasonHolidaysNotLabelled {
			warn(file.Message)
			labelled := cm.DeepCopy()
			metav1.SetMetaDataLabel(&labelled.ObjectMeta, v1alpha1.LabelHolidays, "true")
			file = compile.HolidayYears(s, labelled, max(1, y.first-1), min(9999, y.last+1))
		}
		if file.Reason != "" {
			return nil, &advised{what: fmt.Sprintf("schedule %s: %s", s.Name, file.Message)}
		}
		plain.Holidays = file.Days
	}
	compiled, err := calendar.Compile(plain)
	if err != nil {
		return nil, &advised{err: err, what: fmt.Sprintf("schedule %s: %s", s.Name, compile.Problems(err))}
	}
	return compiled, nil
}

// schedule reads one from the cluster.
func (c *cluster) schedule(ctx context.Context, name string) (*v1alpha1.Schedule, error) {
	var all v1alpha1.ScheduleList
	if name != "" {
		var s v1alpha1.Schedule
		err := c.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: name}, &s)
		if err == nil {
			return &s, nil
		}
		if !apierrors.IsNotFound(err) || isNotInstalled(err) {
			return nil, advise(err, fmt.Sprintf("read the schedule %s in namespace %s", name, c.namespace))
		}
	}
	if err := c.List(ctx, &all, client.InNamespace(c.namespace)); err != nil {
		return nil, advise(err, "list the schedules of namespace "+c.namespace)
	}
	return chooseSchedule(all.Items, name, "in namespace "+c.namespace)
}

// chooseSchedule by name, or the only one.
func chooseSchedule(all []v1alpha1.Schedule, name, where string) (*v1alpha1.Schedule, error) {
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].Name
		if all[i].Name == name {
			return &all[i], nil
		}
	}
	slices.Sort(names)
	switch {
	case name == "" && len(all) == 1:
		return &all[0], nil
	case len(all) == 0:
		return nil, &advised{what: fmt.Sprintf("there is no Schedule %s", where)}
	case name == "":
		return nil, usagef("name a schedule: %s there are %s", where, list(names))
	}
	return nil, &advised{what: fmt.Sprintf("schedule %s not found %s; there are: %s", name, where, list(names))}
}

// configMap reads one from the cluster.
func (c *cluster) configMap(ctx context.Context, namespace, name string) (*corev1.ConfigMap, error) {
	var cm corev1.ConfigMap
	err := c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &cm)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, advise(err, "read the holidays in the ConfigMap "+name)
	}
	return &cm, nil
}

func (c *cluster) missing(string) string {
	return fmt.Sprintf("create it in namespace %s with the label %s: \"true\"", c.namespace, v1alpha1.LabelHolidays)
}

// documents are what was found in files.
type documents struct {
	queues     []v1alpha1.Queue
	schedules  []v1alpha1.Schedule
	configMaps []corev1.ConfigMap
}

// mostBytes bounds what is read of one file.
const mostBytes = 32 << 20

// readFiles reads Queues, Schedules and ConfigMaps out of YAML or JSON files, folders of them, and - for
// the standard input. Other kinds are passed over; unknown fields of ours are refused, as a cluster would
// drop them.
func readFiles(paths []string, stdin io.Reader) (*documents, error) {
	d := &documents{}
	for _, path := range paths {
		if path == "-" {
			if err := d.read("the standard input", stdin); err != nil {
				return nil, err
			}
			continue
		}
		files, err := expand(path)
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			if err := d.readFile(name); err != nil {
				return nil, err
			}
		}
	}
	return d, nil
}

func (d *documents) readFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("could not read: %w", err)
	}
	defer shut(f)
	return d.read(name, f)
}

// expand a folder into its files.
func expand(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("could not read: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := fs.ReadDir(os.DirFS(path), ".")
	if err != nil {
		return nil, fmt.Errorf("could not read: %w", err)
	}
	var files []string
	for _, e := range entries {
		if slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(e.Name())) && !e.IsDir() {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	return files, nil
}

func (d *documents) read(name string, from io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(from, mostBytes+1))
	if err != nil {
		return fmt.Errorf("could not read %s: %w", name, err)
	}
	if len(text) > mostBytes {
		return fmt.Errorf("could not read %s: it is larger than %d MiB", name, mostBytes>>20)
	}
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for n := 1; ; n++ {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = d.add(document)
		}
		if err != nil {
			return fmt.Errorf("could not read document %d of %s: %w", n, name, err)
		}
	}
}

func (d *documents) add(document []byte) error {
	var kind struct {
		metav1.TypeMeta `json:",inline"`
		Items           []map[string]any `json:"items"`
	}
	if err := yaml.Unmarshal(document, &kind); err != nil {
		return err
	}
	ours := kind.APIVersion == v1alpha1.GroupVersion.String()
	switch {
	case strings.HasPrefix(kind.APIVersion, v1alpha1.Group+"/") && !ours:
		return fmt.Errorf("the version %s of %s is not known; write %s", kind.APIVersion, kind.Kind, v1alpha1.GroupVersion)
	case strings.HasSuffix(kind.Kind, "List") && kind.Items != nil:
		for _, item := range kind.Items {
			text, err := yaml.Marshal(item)
			if err == nil {
				err = d.add(text)
			}
			if err != nil {
				return err
			}
		}
		return nil
	case ours && kind.Kind == "Schedule":
		return into(&d.schedules, document)
	case ours && kind.Kind == "Queue":
		return into(&d.queues, document)
	case kind.APIVersion == "v1" && kind.Kind == "ConfigMap":
		return into(&d.configMaps, document)
	}
	return nil
}

func into[T any](list *[]T, document []byte) error {
	text, err := yaml.YAMLToJSONStrict(document)
	if err != nil {
		return err
	}
	var one T
	strict, err := kjson.UnmarshalStrict(text, &one)
	if err = errors.Join(append(strict, err)...); err != nil {
		return err
	}
	*list = append(*list, one)
	return nil
}

func (d *documents) queue(_ context.Context, name string) (*v1alpha1.Queue, error) {
	for i := range d.queues {
		if d.queues[i].Name == name || name == "" && len(d.queues) == 1 {
			return &d.queues[i], nil
		}
	}
	switch names := queueNames(d.queues); {
	case len(names) == 0:
		return nil, &advised{what: "there is no Queue in the files"}
	case name == "":
		return nil, usagef("name a queue: in the files there are %s", list(names))
	default:
		return nil, &advised{what: fmt.Sprintf("queue %s not found in the files; there are: %s", name, list(names))}
	}
}

func (d *documents) schedule(_ context.Context, name string) (*v1alpha1.Schedule, error) {
	return chooseSchedule(d.schedules, name, "in the files")
}

func (d *documents) configMap(_ context.Context, namespace, name string) (*corev1.ConfigMap, error) {
	for i := range d.configMaps {
		cm := &d.configMaps[i]
		if cm.Name == name && (cm.Namespace == namespace || cm.Namespace == "" || namespace == "") {
			return cm, nil
		}
	}
	return nil, nil
}

func (d *documents) missing(string) string {
	return "add the file with it by another -f, or the output of \"kubectl get configmap -o yaml\""
}
