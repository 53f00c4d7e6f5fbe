package kubectl

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"

	"usher.chat/api/apitest"
	"usher.chat/api/v1alpha1"
	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
)

const routedDesk = desk + `---
kind: Team
metadata: {name: tier1}
spec: {displayName: "First <line>", members: [{name: ana, displayName: Ana Lind}, {name: ben}]}
---
kind: Team
metadata: {name: empty}
spec: {}
---
kind: Channel
metadata: {name: web}
spec: {type: Web, web: {}, route: {queueRef: {name: support}}}
---
kind: Channel
metadata: {name: bills}
spec: {type: Web, web: {}, route: {queueRef: {name: billing}}}
`

// signing is a desk whose runtime and namespace have one key.
func signing(t *testing.T) *served {
	t.Helper()
	s := onRuntime(t)
	s.apply(gitOps, routedDesk)
	key, err := os.ReadFile(filepath.Join(s.desk.Data, "keys", "sign-in"))
	if err != nil {
		t.Fatal(err)
	}
	s.secret(secretSignIn, map[string][]byte{keySignIn: key})
	return s
}

func TestASupportLinkLeadsCustomersWhereItSays(t *testing.T) {
	s := signing(t)
	s.desk.Agent("ana")
	for to, want := range map[string]func(protocol.Waiting) bool{
		"team/tier1":    func(w protocol.Waiting) bool { return w.Team == "tier1" },
		"agent/ana":     func(w protocol.Waiting) bool { return w.Agent == "ana" },
		"queue/support": func(w protocol.Waiting) bool { return w.Queue == "support" && w.Team == "" && w.Agent == "" },
	} {
		var link SupportLink
		out := s.run("support-link", "--channel", "web", "--to", to, "--for", "7d", "--url", s.desk.URL, "-o", "json").done().out
		if err := json.Unmarshal([]byte(out), &link); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(link.URL, s.desk.URL+"/w/web?to=") || !strings.HasSuffix(link.URL, link.Token) || link.Channel != "web" || link.To.Kind+"/"+link.To.Name != to {
			t.Errorf("%s: %+v", to, link)
		}
		if left := time.Until(link.Expires); left > 7*24*time.Hour || left < 7*24*time.Hour-time.Minute {
			t.Errorf("%s ends in %s", to, left)
		}
		maria := s.desk.Customer("web", "")
		ack, err := maria.Do(s.desk.Context(), protocol.Command{Type: protocol.TypeJoin, Name: "Maria", Link: link.Token})
		if err != nil {
			t.Fatalf("%s: %v", to, err)
		}
		ana := s.desk.Agent("ana")
		s.until(ana, func(v *gatewaytest.View) bool {
			w, there := v.Waiting[ack.Conversation]
			return there && want(w)
		})
		ana.Drop()
	}
}

func TestASupportLinkIsPrintedWithItsButton(t *testing.T) {
	s := signing(t)
	s.apply(gitOps, "kind: Desk\nmetadata: {name: default}\nspec: {publicURL: \"https://care.acme.example\"}\n")
	for to, title := range map[string]string{"team/tier1": "First &lt;line&gt;", "agent/ana": "Ana Lind", "agent/ben": "ben", "queue/support": "Customer support", "queues.usher.chat/billing": "billing"} {
		out := s.run("support-link", "--channel", "channel/web", "--to", to).done().out
		url, rest, _ := strings.Cut(out, "\n")
		token, found := strings.CutPrefix(url, "https://care.acme.example/w/web?to=")
		want := `<a href="` + url + `" data-usher-open="web" data-usher-to="` + token + `">Ask ` + title + "</a>\n"
		if !found || !strings.HasSuffix(rest, "\n"+want) || !strings.Contains(rest, "It works until ") {
			t.Errorf("%s prints\n%s", to, out)
		}
	}
	var link SupportLink
	out := s.run("support-link", "--channel", "web", "--to", "queue/support", "--until", "tomorrow 18:00", "-o", "json").done().out
	if err := json.Unmarshal([]byte(out), &link); err != nil {
		t.Fatal(err)
	}
	if clock := link.Expires.In(in(t, "Europe/Helsinki")).Format("15:04:05"); clock != "18:00:00" {
		t.Errorf("it ends at %s in the zone of the queue", clock)
	}
	s.run("support-link", "--channel", "web", "--to", "team/tier1", "-o", "yaml").done().names("channel: web", "kind: team", "button: <a href")
}

func TestASupportLinkThatWouldLeadNowhereIsNotMade(t *testing.T) {
	s := signing(t)
	where := "namespace " + s.namespace
	s.run("support-link", "--channel", "shop", "--to", "team/tier1").ends(ExitFailed).names("channel shop not found in " + where + "; there are: bills and web")
	s.run("support-link", "--channel", "web", "--to", "team/tier9").ends(ExitFailed).names("team tier9 not found in " + where + "; there are: empty and tier1")
	s.run("support-link", "--channel", "web", "--to", "team/empty").ends(ExitFailed).names("team empty of " + where + " has no members")
	s.run("support-link", "--channel", "web", "--to", "agent/zoe").ends(ExitFailed).names("zoe is in no Team of " + where + "; there are: ana and ben")
	s.run("support-link", "--channel", "web", "--to", "queue/sales").ends(ExitFailed).names("queue sales not found in " + where + "; there are: billing and support")
	s.run("support-link", "--channel", "web", "--to", "queue/support", "--until", "2020-01-01").ends(ExitUsage).names("--until 2020-01-01 has passed")
	s.run("support-link", "--channel", "web", "--to", "queue/support", "--until", "9000-01-01").ends(ExitUsage).names("ends within a year")
	rule := func(group string, verb string, resources ...string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: resources, Verbs: []string{verb}}
	}
	s.allow("kim", rule(v1alpha1.Group, "list", "teams"), rule(v1alpha1.Group, "get", "channels"))
	s.as(apitest.User(t, "kim")).run("support-link", "--channel", "web", "--to", "team/tier1").ends(ExitFailed).names("you may not read the Secret usher-sign-in")
	s.allow("tom")
	s.as(apitest.User(t, "tom")).run("support-link", "--channel", "web", "--to", "team/tier1").ends(ExitFailed).names("could not read the channel web", "you are not allowed to")
}

func TestWhatASupportLinkNeedsIsCompleted(t *testing.T) {
	p := onCluster(t)
	p.apply(gitOps, routedDesk)
	for args, want := range map[string]string{
		"support-link --channel ":          "bills\nweb\n:4\n",
		"support-link --channel web --to ": "agent/ana\nagent/ben\nqueue/billing\nqueue/support\nteam/empty\nteam/tier1\n:4\n",
	} {
		if r := p.run(append([]string{"__complete"}, strings.Split(args, " ")...)...).done(); r.out != want {
			t.Errorf("%q completes to\n%s, not\n%s", args, r.out, want)
		}
	}
}

func FuzzWhereALinkLeadsIsReadOrRefused(f *testing.F) {
	for _, text := range []string{"queue/billing", "team/tier2", "agent/ana", "queues.usher.chat/a", "agent/", "/", "team", "agents/ana/x", "queue/\x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		to, err := targetOf(text)
		if err != nil {
			if ExitCode(err) != ExitUsage || to != (protocol.Target{}) {
				t.Errorf("%q gives %+v, %v", text, to, err)
			}
			return
		}
		if to.Name == "" || strings.Contains(to.Name, "/") || !strings.HasPrefix(text, to.Kind) || !strings.HasSuffix(text, "/"+to.Name) {
			t.Errorf("%q is read as %+v", text, to)
		}
	})
}
