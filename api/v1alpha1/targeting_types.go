package v1alpha1

// TargetingRule is one condition under which the widget shows itself. It is evaluated in the
// customer's browser, while queueing too. Exactly the fields of its type are set. (Feature Q8.)
// +kubebuilder:validation:XValidation:rule="has(self.pattern) == (self.type in ['PagePattern', 'Referrer'])",message="pattern is for the types PagePattern and Referrer, which need it; add it or remove it"
// +kubebuilder:validation:XValidation:rule="has(self.languages) == (self.type == 'Language')",message="languages are for the type Language, which needs them; add them or remove them"
// +kubebuilder:validation:XValidation:rule="has(self.seconds) == (self.type == 'TimeOnPage')",message="seconds is for the type TimeOnPage, which needs it; add it or remove it"
// +kubebuilder:validation:XValidation:rule="has(self.pages) == (self.type == 'PagesSeen')",message="pages is for the type PagesSeen, which needs it; add it or remove it"
// +kubebuilder:validation:XValidation:rule="has(self.percent) == (self.type in ['ScrollDepth', 'VisitorShare'])",message="percent is for the types ScrollDepth and VisitorShare, which need it; add it or remove it"
// +kubebuilder:validation:XValidation:rule="has(self.attribute) == (self.type == 'Attribute')",message="attribute is for the type Attribute, which needs it; add it or remove it"
// +kubebuilder:validation:XValidation:rule="has(self.values) == (self.type == 'Attribute')",message="values are for the type Attribute, which needs them; add them or remove them"
type TargetingRule struct {
	// type of the condition. ReturningVisitor and ExitIntent have no other field.
	// +required
	Type TargetingType `json:"type"`
	// pattern of the page's address, or for type Referrer of the one before it; "*" stands for any
	// text.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=500
	Pattern string `json:"pattern,omitempty"`
	// languages of the browser, for type Language; "pt" holds for "pt-BR" too.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=35
	// +kubebuilder:validation:items:Pattern=`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`
	Languages []string `json:"languages,omitempty"`
	// seconds on the page at least, for type TimeOnPage.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	Seconds *int32 `json:"seconds,omitempty"`
	// pages seen at least, for type PagesSeen.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	Pages *int32 `json:"pages,omitempty"`
	// percent of the page scrolled at least, for type ScrollDepth; of visitors who are offered the
	// chat, for type VisitorShare.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Percent *int32 `json:"percent,omitempty"`
	// attribute that the page states of its visitor, for type Attribute.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Attribute string `json:"attribute,omitempty"`
	// values of the attribute, one of which must be stated.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=128
	// +kubebuilder:validation:items:Pattern=`\S`
	Values []string `json:"values,omitempty"`
}

// TargetingType is what a targeting rule looks at.
// +kubebuilder:validation:Enum=PagePattern;Referrer;Language;TimeOnPage;PagesSeen;ScrollDepth;ReturningVisitor;ExitIntent;Attribute;VisitorShare
type TargetingType string

// The ten types.
const (
	TargetPagePattern TargetingType = "PagePattern"
	TargetReferrer    TargetingType = "Referrer"
	TargetLanguage    TargetingType = "Language"
	TargetTimeOnPage  TargetingType = "TimeOnPage"
	TargetPagesSeen   TargetingType = "PagesSeen"
	TargetScrollDepth TargetingType = "ScrollDepth"
	TargetReturning   TargetingType = "ReturningVisitor"
	TargetExitIntent  TargetingType = "ExitIntent"
	TargetAttribute   TargetingType = "Attribute"
	TargetShare       TargetingType = "VisitorShare"
)
