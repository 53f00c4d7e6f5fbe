package v1alpha1

// DeskStore says where the desk's ledger is: on PostgreSQL, or else in SQLite on a volume of the one
// pod. (Features X5, X6.)
type DeskStore struct {
	// postgres is a database of your own: PostgreSQL 15 or later. The pods are then stateless, and there
	// may be several.
	// +optional
	Postgres *PostgresStore `json:"postgres,omitempty"`
}

// PostgresStore names a database and how to reach it. Each desk has a schema of its own in it.
type PostgresStore struct {
	// secretRef names the Secret, in this namespace, with uri, or with host, port, dbname, user and
	// password; sslmode and ca.crt too, if you like. A change of it is followed without a restart.
	// +required
	SecretRef LocalRef `json:"secretRef"`
	// caSecretRef names the Secret whose ca.crt the database's certificate is checked against, where
	// secretRef has none. CloudNativePG keeps it so.
	// +optional
	CASecretRef *LocalRef `json:"caSecretRef,omitempty"`
	// network is what the pods' NetworkPolicy opens towards the database.
	// +optional
	// +kubebuilder:default={}
	Network PostgresNetwork `json:"network,omitzero"`
}

// PostgresNetwork is where the database is, as a NetworkPolicy sees it: past Services, so at the
// addresses and the port of its pods or machines. Without cidrs and namespaces the port is open
// towards everywhere.
type PostgresNetwork struct {
	// port of the database.
	// +optional
	// +kubebuilder:default=5432
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`
	// cidrs are networks that hold the database, such as 10.20.0.0/24.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.all(c, isCIDR(c))",message="an entry is no network; write each as address/bits, such as 10.20.0.0/24"
	CIDRs []string `json:"cidrs,omitempty"`
	// namespaces whose pods may be the database.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Namespaces []string `json:"namespaces,omitempty"`
}

// DeskAutoscaling lets a HorizontalPodAutoscaler choose the number of pods.
// +kubebuilder:validation:XValidation:rule="self.maxReplicas >= self.minReplicas",message="maxReplicas is below minReplicas; raise the one or lower the other"
// +kubebuilder:validation:XValidation:rule="has(self.targetCPUUtilizationPercentage) || has(self.targetSocketsPerPod)",message="autoscaling needs a target: set targetCPUUtilizationPercentage, targetSocketsPerPod or both"
type DeskAutoscaling struct {
	// minReplicas is the least number of pods. With 2 the loss of one is hardly noticed.
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=50
	MinReplicas int32 `json:"minReplicas,omitempty"`
	// maxReplicas is the largest number of pods.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=50
	MaxReplicas int32 `json:"maxReplicas"`
	// targetCPUUtilizationPercentage of resources.requests.cpu, on the average of all pods.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	TargetCPUUtilizationPercentage *int32 `json:"targetCPUUtilizationPercentage,omitempty"`
	// targetSocketsPerPod is how many open sockets a pod should have, on the average. The cluster has to
	// offer the metric usher_sockets of pods (custom.metrics.k8s.io).
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	TargetSocketsPerPod *int32 `json:"targetSocketsPerPod,omitempty"`
}

// StoreKind is where a desk's ledger is.
// +kubebuilder:validation:Enum=SQLite;PostgreSQL
type StoreKind string

// The two kinds.
const (
	StoreSQLite     StoreKind = "SQLite"
	StorePostgreSQL StoreKind = "PostgreSQL"
)
