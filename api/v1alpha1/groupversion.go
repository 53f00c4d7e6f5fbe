package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Group is the API group of all kinds.
const Group = "usher.chat"

// GroupVersion is the one version that is served and stored.
var GroupVersion = schema.GroupVersion{Group: Group, Version: "v1alpha1"}

// AddToScheme registers the kinds of this package.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&Queue{}, &QueueList{},
		&Team{}, &TeamList{},
		&Channel{}, &ChannelList{},
		&Schedule{}, &ScheduleList{},
		&Desk{}, &DeskList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
