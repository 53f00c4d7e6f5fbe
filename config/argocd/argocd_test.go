// Package argocd has no code: the test runs the health script as Argo CD does, with the same Lua.
package argocd

import (
	"os"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"sigs.k8s.io/yaml"
)

func health(t *testing.T, object string) (status, message string) {
	t.Helper()
	data, err := os.ReadFile("argocd-cm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cm struct{ Data map[string]string }
	if err := yaml.Unmarshal(data, &cm); err != nil {
		t.Fatal(err)
	}
	var obj map[string]any
	if err := yaml.Unmarshal([]byte(object), &obj); err != nil {
		t.Fatal(err)
	}
	l := lua.NewState()
	defer l.Close()
	l.SetGlobal("obj", value(l, obj))
	if err := l.DoString(cm.Data["resource.customizations.health.usher.chat_*"]); err != nil {
		t.Fatal(err)
	}
	answer := l.CheckTable(-1)
	return answer.RawGetString("status").String(), answer.RawGetString("message").String()
}

func value(l *lua.LState, v any) lua.LValue {
	switch v := v.(type) {
	case map[string]any:
		table := l.NewTable()
		for k, e := range v {
			table.RawSetString(k, value(l, e))
		}
		return table
	case []any:
		table := l.NewTable()
		for _, e := range v {
			table.Append(value(l, e))
		}
		return table
	case string:
		return lua.LString(v)
	case float64:
		return lua.LNumber(v)
	case bool:
		return lua.LBool(v)
	}
	return lua.LNil
}

func TestArgoJudgesAResourceByItsConditions(t *testing.T) {
	for name, test := range map[string]struct{ object, status, message string }{
		"new, without a status":    {`{metadata: {generation: 1}}`, "Progressing", "waiting for the operator"},
		"a status of the old spec": {`{metadata: {generation: 2}, status: {observedGeneration: 1, conditions: [{type: Ready, status: "True"}]}}`, "Progressing", "waiting for the operator"},
		"a closed queue":           {`{metadata: {generation: 2}, status: {state: Closed, observedGeneration: 2, conditions: [{type: Ready, status: "True", message: fine}]}}`, "Healthy", "fine"},
		"a missing reference":      {`{metadata: {generation: 1}, status: {observedGeneration: 1, conditions: [{type: Ready, status: "False", message: "no Team tier1"}]}}`, "Degraded", "no Team tier1"},
		"at work":                  {`{metadata: {generation: 1}, status: {observedGeneration: 1, conditions: [{type: Ready, status: "False"}, {type: Reconciling, status: "True", message: "starting"}]}}`, "Progressing", "starting"},
		"stalled":                  {`{metadata: {generation: 1}, status: {observedGeneration: 1, conditions: [{type: Ready, status: "False"}, {type: Stalled, status: "True", message: "bad spec"}]}}`, "Degraded", "bad spec"},
	} {
		if status, message := health(t, test.object); status != test.status || message != test.message {
			t.Errorf("%s: %s %q, want %s %q", name, status, message, test.status, test.message)
		}
	}
}
