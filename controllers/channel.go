package controllers

import (
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/runtimeclient"
	"usher.chat/runtime/settings"
)

// +kubebuilder:rbac:groups=usher.chat,resources=channels,verbs=get;list;watch
// +kubebuilder:rbac:groups=usher.chat,resources=channels/status,verbs=patch

// HostedPath is where the runtime serves the page of a channel, before the channel's name.
const HostedPath = "/w/"

// NewChannelReconciler returns what writes the status of Channels.
func NewChannelReconciler(p Parts) *StatusReconciler[*v1alpha1.Channel, v1alpha1.ChannelStatus] {
	return &StatusReconciler[*v1alpha1.Channel, v1alpha1.ChannelStatus]{
		Parts: p, Kind: KindChannel,
		New:        func() *v1alpha1.Channel { return &v1alpha1.Channel{} },
		Status:     func(c *v1alpha1.Channel) *v1alpha1.ChannelStatus { return &c.Status },
		Conditions: func(s *v1alpha1.ChannelStatus) []metav1.Condition { return s.Conditions },
		Compute:    ChannelStatus,
		Urgent:     channelUrgent,
	}
}

// channelUrgent says whether more than the availability changed, which follows each busy agent.
func channelUrgent(old, fresh v1alpha1.ChannelStatus) bool {
	if (old.Availability == "") != (fresh.Availability == "") {
		return true
	}
	old.Availability, fresh.Availability = "", ""
	return !equality.Semantic.DeepEqual(old, fresh)
}

// ChannelStatus computes a Channel's status, and when it may change by the mere passing of time.
func ChannelStatus(c *v1alpha1.Channel, facts Facts, view runtimeclient.View, now time.Time) (v1alpha1.ChannelStatus, time.Duration) {
	s := *c.Status.DeepCopy()
	s.ObservedGeneration = c.Generation
	s.URL = facts.Finding.PublicURL + HostedPath + c.Name
	j := Judgement{
		Facts: facts, Generation: c.Generation, HasRefs: true, View: view, Now: now,
		Applied: func(a settings.Applied) (int64, bool) { g, ok := a.Channels[c.Name]; return g, ok },
	}
	s.Conditions = Conditions(s.Conditions, j)
	if view.Report != nil {
		s.Availability = view.Report.Queues[c.Spec.Route.QueueRef.Name].Availability
	}
	return s, j.recheck()
}
