package v1alpha1

// Egress narrows where requests may go, token requests included, within what the
// flags of the operator allow, and says by which way. It can allow nothing that
// they do not.
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.cidrs) || !has(self.proxy)",message="cidrs cannot be held behind a proxy, which looks the addresses up itself; use hosts"
type Egress struct {
	// hosts are the only host names that may be called: a DNS name or an IP
	// address, or *.example.com for all names below example.com. At most 32; all
	// if unset.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:XValidation:rule="isIP(self) || self.matches('^([*][.][A-Za-z0-9_-]+[.])?[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?([.][A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$')",message="a host must be a DNS name in ASCII, an IP address, or *. and a DNS name of two labels or more"
	// +listType=set
	// +optional
	Hosts []string `json:"hosts,omitempty"`

	// cidrs are the only ranges of addresses that may be connected to, such as
	// 203.0.113.0/24. At most 32; all if unset.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:XValidation:rule="isCIDR(self) && cidr(self) == cidr(self).masked()",message="a range must be an address and a length without bits behind it, such as 203.0.113.0/24, or 203.0.113.7/32 for one address"
	// +listType=set
	// +optional
	CIDRs []string `json:"cidrs,omitempty"`

	// proxy is the HTTP proxy that requests go through, by CONNECT, also for http
	// URLs. Its failures cost no retry, as long as they are not the receiver's.
	// +optional
	Proxy *Proxy `json:"proxy,omitempty"`
}

// Proxy is an HTTP proxy.
type Proxy struct {
	// url is scheme, http or https, host, and perhaps port.
	// +kubebuilder:validation:MinLength=8
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^/?#@ ]+/?$') && isURL(self)",message="the proxy's url must be http or https, a host, and perhaps a port, such as http://proxy.example.com:3128; its credentials go into secretRef"
	// +required
	URL string `json:"url,omitempty"`

	// secretRef is a Secret of the integration's namespace with the keys username
	// and password, which are sent to the proxy as HTTP Basic. None are if unset.
	// +optional
	SecretRef *SecretRef `json:"secretRef,omitempty"`
}

// AllowedNamespaces says which namespaces may have Webhooks that use an
// integration.
// +kubebuilder:validation:XValidation:rule="has(self.selector) == (self.from == 'Selector')",message="selector belongs to from: Selector, which needs it"
type AllowedNamespaces struct {
	// from is Same (the integration's own), All, or Selector (those whose labels
	// match selector, and the integration's own).
	// +required
	From NamespacesFrom `json:"from,omitempty"`

	// selector is what the labels of other namespaces must match.
	// +optional
	Selector *NamespaceSelector `json:"selector,omitempty"`
}

// NamespaceSelector matches labels of namespaces, as a label selector does: all
// of its conditions must hold.
// +kubebuilder:validation:MinProperties=1
type NamespaceSelector struct {
	// matchLabels are labels that must be there with these values. At most 16.
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=16
	// +kubebuilder:validation:XValidation:rule="self.all(k, !format.qualifiedName().validate(k).hasValue() && !format.labelValue().validate(self[k]).hasValue())",message="matchLabels must hold valid label names and values, such as team: crm"
	// +optional
	MatchLabels map[string]LabelValue `json:"matchLabels,omitempty"`

	// matchExpressions are conditions on labels. At most 16.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	MatchExpressions []LabelExpression `json:"matchExpressions,omitempty"`
}

// LabelExpression is a condition on one label.
// +kubebuilder:validation:XValidation:rule="has(self.values) == (self.operator in ['In', 'NotIn'])",message="values belong to the operators In and NotIn, which need them"
type LabelExpression struct {
	// key is the label's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=317
	// +kubebuilder:validation:XValidation:rule="!format.qualifiedName().validate(self).hasValue()",message="key must be a label's name, such as team or example.com/team"
	// +required
	Key string `json:"key,omitempty"`

	// operator is In or NotIn (values has the label's value), Exists or
	// DoesNotExist.
	// +required
	Operator LabelOperator `json:"operator,omitempty"`

	// values are those of In and NotIn. At most 32.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:XValidation:rule="!format.labelValue().validate(self).hasValue()",message="a value must be that of a label: letters, digits, hyphens, underscores and dots"
	// +listType=atomic
	// +optional
	Values []LabelValue `json:"values,omitempty"`
}

// LabelValue is the value of a label.
// +kubebuilder:validation:MinLength=0
// +kubebuilder:validation:MaxLength=63
type LabelValue string

// LabelOperator is how a label is compared.
// +kubebuilder:validation:Enum=In;NotIn;Exists;DoesNotExist
type LabelOperator string

// The operators.
const (
	LabelOperatorIn           LabelOperator = "In"
	LabelOperatorNotIn        LabelOperator = "NotIn"
	LabelOperatorExists       LabelOperator = "Exists"
	LabelOperatorDoesNotExist LabelOperator = "DoesNotExist"
)

// NamespacesFrom is a way to choose namespaces.
// +kubebuilder:validation:Enum=Same;All;Selector
type NamespacesFrom string

// The ways to choose namespaces.
const (
	NamespacesFromSame     NamespacesFrom = "Same"
	NamespacesFromAll      NamespacesFrom = "All"
	NamespacesFromSelector NamespacesFrom = "Selector"
)
