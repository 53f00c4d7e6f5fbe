package controllers

import (
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/runtimeclient"
	"usher.chat/runtime/settings"
)

// +kubebuilder:rbac:groups=usher.chat,resources=teams,verbs=get;list;watch
// +kubebuilder:rbac:groups=usher.chat,resources=teams/status,verbs=patch

// NewTeamReconciler returns what writes the status of Teams.
func NewTeamReconciler(p Parts) *StatusReconciler[*v1alpha1.Team, v1alpha1.TeamStatus] {
	return &StatusReconciler[*v1alpha1.Team, v1alpha1.TeamStatus]{
		Parts: p, Kind: KindTeam,
		New:        func() *v1alpha1.Team { return &v1alpha1.Team{} },
		Status:     func(t *v1alpha1.Team) *v1alpha1.TeamStatus { return &t.Status },
		Conditions: func(s *v1alpha1.TeamStatus) []metav1.Condition { return s.Conditions },
		Compute:    TeamStatus,
		Urgent:     teamUrgent,
	}
}

// teamUrgent says whether more than figures changed, or a figure between none and some.
func teamUrgent(old, fresh v1alpha1.TeamStatus) bool {
	a, b := old, fresh
	a.Agents, a.Waiting, b.Agents, b.Waiting = nil, nil, nil, nil
	return !equality.Semantic.DeepEqual(a, b) || agentsFlip(old.Agents, fresh.Agents) || flips(old.Waiting, fresh.Waiting)
}

// TeamStatus computes a Team's status, and when it may change by the mere passing of time.
func TeamStatus(t *v1alpha1.Team, facts Facts, view runtimeclient.View, now time.Time) (v1alpha1.TeamStatus, time.Duration) {
	s := *t.Status.DeepCopy()
	s.ObservedGeneration = t.Generation
	s.Members = ptr.To(int32(len(t.Spec.Members)))
	s.Queues = ptr.To(int32(facts.Finding.Queues))
	j := Judgement{
		Facts: facts, Generation: t.Generation, View: view, Now: now,
		Applied: func(a settings.Applied) (int64, bool) { g, ok := a.Teams[t.Name]; return g, ok },
	}
	s.Conditions = Conditions(s.Conditions, j)
	if view.Report != nil {
		if f, ok := view.Report.Teams[t.Name]; ok {
			s.Agents = &v1alpha1.AgentFigures{Online: int32(f.Online), Available: int32(f.Available)}
			s.Waiting = ptr.To(int32(f.Waiting))
		}
	}
	return s, j.recheck()
}
